// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// Hardening limits the harm that bugs and attacks can do. The zero value turns everything off
// and costs nothing. SECURITY.md lists what each option costs.
type Hardening struct {
	// ZeroOnFree overwrites the usable size of each block with zeros when the block is freed.
	// The old contents then do not appear in the next block, in a core dump or in swap. When
	// Realloc shrinks a block in place, the bytes cut off are overwritten when the block is
	// freed.
	ZeroOnFree bool

	// RandomOrder hands blocks out in random order. By default the order follows the
	// addresses, so neighbours can be guessed. A block that was just freed is still the most
	// likely to be handed out next.
	RandomOrder bool

	// SpanGuards puts an inaccessible page of 8 KiB after each span of blocks. A write that
	// runs beyond the last block faults there. Each span costs more address space and a kernel
	// call. Before Linux 6.13 each span also costs two mappings, whose number vm.max_map_count
	// limits. NewAllocator returns an error that wraps ErrUnsupported if the platform has no
	// guard pages, or if its pages are larger than 8 KiB.
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

// guardSpan makes the page after a new span of class c inaccessible.
func (a *Allocator) guardSpan(s uintptr, c sizeclass.Class) error {
	if !a.options.Hardening.SpanGuards {
		return nil
	}
	split, err := a.space.Guard(smallheap.SpanAt(s).Base+uintptr(c.SpanBytes()), sizeclass.PageSize)
	smallheap.SpanAt(s).Split = split
	return err
}

// openSpan gives the n pages of a span, its guard page included, to the page heap. If the kernel does not make the guard page accessible
// again, that page is lost.
func (a *Allocator) openSpan(base uintptr, n int, split bool) {
	if a.options.Hardening.SpanGuards {
		if a.space.Unguard(base+uintptr(n-1)*sizeclass.PageSize, sizeclass.PageSize, split) != nil {
			a.lostGuards.pages.Add(1)
			if split {
				a.lostGuards.splits.Add(1)
			}
			n--
		}
	}
	a.pages.Free(base, n)
}

// forgetGuards removes guard pages from the account when their mappings are unmapped.
func (a *Allocator) forgetGuards(splits int) {
	for range splits {
		a.space.ForgetGuard(true)
	}
}

// describeSpanGuard describes the access that hit the guard page after a span. It returns nil
// if addr is not in such a page. Another goroutine may free the span meanwhile.
func (a *Allocator) describeSpanGuard(addr uintptr) error {
	page := raw.AlignDown(addr, sizeclass.PageSize)
	d := pagemap.Get(page - 1)
	if d == 0 || pagemap.Get(page) != 0 {
		return nil
	}
	h := *headerAt(d)
	if interleave.Enabled {
		interleave.Point()
	}
	if !a.isSpan(&h) || page != h.Base+uintptr(h.Class.SpanBytes()) {
		return nil
	}
	size, i := h.Class.Size(), h.Class.Blocks()-1
	last := h.Base + uintptr(i*size)
	e := accessMisuse(Overflow, addr, fmt.Sprintf("%s beyond the last block of a span, in its guard page: "+
		"a read or write ran beyond the end of that block, or of one before it", bytesOf(int(addr-last)-size+1)))
	e.Allocator = a.options.Name
	return e.of(last, size, smallheap.Describe(*smallheap.StateOf(d, uint32(i))))
}

// isSpan reports whether h is the header of a span of a. If h is a copy of the header of a span that
// was being freed, isSpan can return true or false, but the class is valid if it returns true.
func (a *Allocator) isSpan(h *pagemap.Header) bool {
	return h.Kind == pagemap.Span && h.Owner == a.id && int(h.Class) < sizeclass.Count
}
