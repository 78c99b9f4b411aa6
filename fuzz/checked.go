package main

import (
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/sizeclass"
)

// placeChecked is place for a checked Allocator: the block lies in one that has room for
// a redzone of 16 bytes behind it and one in front of it, as long as the block is aligned.
// All of that may be used is what was asked for.
func (r request) placeChecked() block {
	front := max(r.align, sizeclass.Granule)
	if r.size >= sizeclass.LargeMin {
		front = max(front, 64)
	}
	inner := int(raw.AlignUp(uintptr(front+r.size+sizeclass.Granule), uintptr(front)))
	if front+r.size+sizeclass.Granule < sizeclass.LargeMin && inner < sizeclass.LargeMin && front <= sizeclass.PageSize {
		return block{asked: r.size, small: true, class: sizeclass.Of(inner)}
	}
	return block{asked: r.size}
}

// checkedOf tells whether an options byte chooses a checked Allocator, of which the
// others choose the rest.
func checkedOf(options int) bool { return options&0xc0 == 0xc0 }
