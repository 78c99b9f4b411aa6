// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// guarding is the value of the two highest bits of a model's options that makes small
// blocks guarded, up to the number of slots.
const guarding = 128

// guarded reports whether the block at addr is or was guarded.
func guarded(addr uintptr) bool {
	h := pagemap.HeaderOf(addr)
	return h != nil && h.Kind == pagemap.Guarded
}

// overwriteGuarded writes next to a guarded block, or to one that it has freed. The
// allocator must report it.
func (p *runner) overwriteGuarded(h, how int, b *block) error {
	switch {
	case !guarded(b.addr):
		return nil
	case how >= 160 && p.alone:
		return p.writeGuarded(h, how, b)
	}
	offset := b.usable + how/4%sizeclass.Granule
	if b.addr%max(vm.PageSize(), sizeclass.PageSize) != 0 { // it lies at the end of its slot
		offset = -1 - how/4%sizeclass.Granule
	}
	*raw.At[byte](b.addr + uintptr(offset)) ^= 0x40 // the allocator repairs it after the report
	if how%4 == 2 {
		how++ // UsableSize does not check the bytes around a block
	}
	return p.refuses(h, how, b.pointer())
}

// writeGuarded frees b and writes to it, which must fault.
func (p *runner) writeGuarded(h, how int, b *block) error {
	disarm() // otherwise the kernel may refuse to make it inaccessible
	if err := p.free(h, b); err != nil {
		return err
	}
	err := alloc.Catch(func() { *raw.At[byte](b.addr + uintptr(how%b.usable)) ^= 0x40 })
	var e *alloc.MisuseError
	if !errors.As(err, &e) || e.Kind != alloc.UseAfterFree || e.Op != "access" || e.Block != b.addr || e.Size != b.usable {
		return fmt.Errorf("a write to %v after it was freed: %w", b, err)
	}
	return p.reconcile()
}
