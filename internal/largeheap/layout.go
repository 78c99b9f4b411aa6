// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"math/bits"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

const (
	// headerSize is the length of the header in front of each object, in bytes.
	headerSize = 64

	// minAlign is the smallest alignment of an object in bytes. A header and an object
	// never share a cache line.
	minAlign    = headerSize
	minAlignLog = 6

	// A request of tooLarge bytes or more fails. Below it no sum of a request's
	// size, alignment and rounding overflows.
	tooLarge = 1 << (bits.UintSize - 1)
	maxAlign = tooLarge / 2
)

// A shape is what a request needs of an extent, in bytes.
type shape struct {
	size  uintptr // length of the object
	align uintptr // alignment of its address; minAlign at least
	lead  uintptr // distance from the start of an extent to the first place for the object
	total uintptr // length of the smallest extent that holds it, whole pages
}

// shapeOf returns the shape of a request, or false if the request is larger than any
// address space.
func shapeOf(size, align uintptr) (shape, bool) {
	align = max(align, minAlign)
	if size >= tooLarge || align > maxAlign {
		return shape{}, false
	}
	page := vm.PageSize()
	lead := min(align, page)
	total := totalFor(lead, size, page)
	return shape{size, align, lead, total}, total < tooLarge
}

// totalFor returns the length of an extent whose object of size bytes begins at
// offset lead.
//
// No two objects may begin in the same heap page, because the page map has one entry for
// each heap page. A page of the kernel may be smaller than a heap page. So every extent
// reaches at least to the end of the heap page in which its object begins, and the next
// mapping begins in another heap page. Only small objects with a large alignment need this.
func totalFor(lead, size, page uintptr) uintptr {
	minTotal := raw.AlignDown(lead, page) + max(page, sizeclass.PageSize)
	return max(raw.AlignUp(lead+size, page), minTotal)
}

// startAlign returns the alignment of the start of every extent. A mapping begins with a
// page of the kernel, and a run of a shared chunk begins with a heap page.
func startAlign() uintptr { return min(vm.PageSize(), sizeclass.PageSize) }

// place returns the address of an object of shape w in the extent of total bytes at start,
// or 0 if the extent is too short.
//
// Without colours, objects of whole pages would all begin at the same offset in a page
// and compete for the same few sets of the processor's caches. So a part of the space
// that the last page leaves free goes in front of the object: as much as the extent's
// colour says, in steps of the alignment and within the first page.
func (w *shape) place(start, total uintptr, colour uint16) uintptr {
	page := vm.PageSize()
	if w.align > startAlign() {
		addr := raw.AlignUp(start+headerSize, w.align)
		offset := addr - start
		if addr < start || w.size > total || offset > total-w.size || totalFor(offset, w.size, page) > total {
			return 0
		}
		return addr
	}
	if total < w.total {
		return 0
	}
	places := min((total-w.lead-w.size)/w.align+1, max((page-w.lead)/w.align, 1))
	return start + w.lead + uintptr(colour)*places>>16*w.align
}

// colourOf returns the n-th colour, by van der Corput's sequence in base 2: each of 2ᵏ equal
// parts of the range contains one of the first 2ᵏ members.
func colourOf(n uint32) uint16 { return bits.Reverse16(uint16(n)) }
