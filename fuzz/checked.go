// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// placeChecked is place for a checked Allocator. The block needs room for a redzone of 16
// bytes before it and one after it, plus its alignment. Its usable size is the requested
// size.
func (r request) placeChecked() block {
	front := max(r.align, sizeclass.Granule)
	if r.size >= sizeclass.LargeMin {
		front = max(front, 64)
	}
	inner := int(raw.AlignUp(uintptr(front+r.size+sizeclass.Granule), uintptr(front)))
	if front+r.size+sizeclass.Granule < sizeclass.LargeMin && inner < sizeclass.LargeMin && front <= sizeclass.PageSize {
		return block{requested: r.size, small: true, class: sizeclass.Of(inner)}
	}
	return block{requested: r.size}
}

// checkedOf reports whether an options byte selects a checked Allocator. The other bits
// then select its options.
func checkedOf(options int) bool { return options&0xc0 == 0xc0 }

// overwriteAround writes next to a block, or to a block that it has freed. The allocator
// must report it.
func (p *runner) overwriteAround(h, how int) error {
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
	*raw.At[byte](b.addr + uintptr(offset)) ^= 0x40 // the allocator repairs it after the report
	return p.refuses(h, how, b.pointer())
}

// writeFreed frees b and writes to it. b is in quarantine then, until Trim releases it.
func (p *runner) writeFreed(h int, b *block, how int) error {
	disarm() // otherwise blocks that are older may have to stay in the quarantine
	if err := p.free(h, b); err != nil {
		return err
	}
	*raw.At[byte](b.addr + uintptr(how%b.usable)) ^= 0x40
	if err := misused(func() { p.a.Trim() }); err != nil {
		return fmt.Errorf("a write to %v after it was freed: %w", b, err)
	}
	return p.reconcile()
}
