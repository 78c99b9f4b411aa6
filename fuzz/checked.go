// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
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

// overwriteAround writes next to a block, or to one that it has freed, which must be told.
func (p *player) overwriteAround(h, how int) error {
	b := p.pick()
	if b == nil {
		return nil
	}
	if how >= 192 && p.alone && b.small && b.usable > 0 {
		return p.writeFreed(h, b, how)
	}
	offset := b.usable + how/4%sizeclass.Granule
	if how%8 >= 4 {
		offset = -1 - how/4%sizeclass.Granule
	}
	*raw.At[byte](b.addr + uintptr(offset)) ^= 0x40 // is repaired when it was told
	return p.refuses(h, how, b.pointer())
}

// writeFreed frees b and writes to it. It is in quarantine then, out of which Trim takes it.
func (p *player) writeFreed(h int, b *block, how int) error {
	disarm() // else what came before it may have to stay there
	if err := p.free(h, b); err != nil {
		return err
	}
	*raw.At[byte](b.addr + uintptr(how%b.usable)) ^= 0x40
	if err := misused(func() { p.a.Trim() }); err != nil {
		return fmt.Errorf("a write to %v after it was freed: %w", b, err)
	}
	return p.reconcile()
}
