// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// Hardening makes mistakes in a program, and attacks by way of them, less likely to do
// harm. Each of these costs something; the zero value costs nothing. What they cost is in
// SECURITY.md.
type Hardening struct {
	// ZeroOnFree overwrites blocks with zeros when they are freed, all of their usable
	// size: what was in them is not found in the next block, in a core dump or in swap.
	// What Realloc leaves behind when it shrinks a block in place is overwritten when
	// the block is freed.
	ZeroOnFree bool

	// RandomOrder hands blocks out in an order that cannot be guessed, instead of that of
	// their addresses: which block lies behind which is not known. A block that was just
	// freed is still the likeliest to be handed out next.
	RandomOrder bool

	// SpanGuards puts a page of 8 KiB without access behind each span of blocks, so that
	// a write that runs on beyond a block ends there. From Linux 6.13 on it costs address
	// space and a kernel call for each span; before, two mappings for each, which
	// vm.max_map_count limits.
	SpanGuards bool
}

// spanPages returns how many pages a span of class c takes.
func (a *Allocator) spanPages(c sizeclass.Class) int {
	n := c.SpanBytes() / sizeclass.PageSize
	if a.options.Hardening.SpanGuards {
		n++
	}
	return n
}

// guardSpan makes the page behind a new span of class c inaccessible.
func (a *Allocator) guardSpan(s uintptr, c sizeclass.Class) error {
	if !a.options.Hardening.SpanGuards {
		return nil
	}
	split, err := a.space.Guard(smallheap.SpanAt(s).Base+uintptr(c.SpanBytes()), sizeclass.PageSize)
	smallheap.SpanAt(s).Split = split
	return err
}

// openSpan gives a span's pages, which were n with the guard, up to the page heap. A
// guard that the kernel does not lift stays, and is lost.
func (a *Allocator) openSpan(base uintptr, n int, split bool) {
	if a.options.Hardening.SpanGuards {
		if a.space.Unguard(base+uintptr(n-1)*sizeclass.PageSize, sizeclass.PageSize, split) != nil {
			a.stuck.pages.Add(1)
			if split {
				a.stuck.splits.Add(1)
			}
			n--
		}
	}
	a.pages.Free(base, n)
}

// forgetGuards takes guards off the account that go with their mappings.
func (a *Allocator) forgetGuards(splits int) {
	for range splits {
		a.space.ForgetGuard(true)
	}
}

// describeSpanGuard tells what ran into the page behind a span; nil if addr is not in one.
func (a *Allocator) describeSpanGuard(addr uintptr) error {
	page := raw.AlignDown(addr, sizeclass.PageSize)
	h := pagemap.HeaderOf(page - 1)
	if h == nil || h.Kind != pagemap.Span || h.Owner != a.id || pagemap.Get(page) != 0 ||
		page != h.Base+uintptr(h.Class.SpanBytes()) {
		return nil
	}
	last := h.Base + uintptr(h.Blocks-1)*uintptr(h.Size)
	e := accessMisuse(Overflow, addr, fmt.Sprintf("%s behind the last block of a span, in the page that guards it: "+
		"a write or a read ran on beyond that block, or one before it", bytesOf(int(addr-last)-int(h.Size)+1)))
	e.Allocator = a.options.Name
	return e.of(last, int(h.Size), smallheap.Describe(*smallheap.StateOf(pagemap.Get(page-1), h.Blocks-1)))
}
