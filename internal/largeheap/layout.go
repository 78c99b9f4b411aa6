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

	// minAlign is what every object is aligned to at least, in bytes: a header
	// and an object never share a cache line.
	minAlign = headerSize

	// Requests from here on cannot be served, and below no sum made of one
	// request's size, alignment and rounding overflows.
	tooLarge = 1 << (bits.UintSize - 1)
	maxAlign = tooLarge / 2
)

// A shape is what a request needs of a region, in bytes.
type shape struct {
	size  uintptr // of the object
	align uintptr // of its address; minAlign at least
	lead  uintptr // from the start of a region to the first place for the object
	total uintptr // of the smallest region that holds it, whole pages
}

// shapeOf returns the shape of a request, false if it is larger than any
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

// totalFor returns the length of a region whose object of size bytes begins at
// offset lead.
//
// No two objects may begin in the same heap page, for the page map has one entry
// for it, and the kernel's pages may be smaller than those. So every region
// reaches at least to the end of the heap page in which its object begins: then
// whatever is mapped behind it begins in another. It matters only to small
// objects with a large alignment.
func totalFor(lead, size, page uintptr) uintptr {
	least := raw.AlignDown(lead, page) + max(page, sizeclass.PageSize)
	return max(raw.AlignUp(lead+size, page), least)
}

// startAlign returns what every region begins at a multiple of: a mapping begins
// with a page of the kernel's, a run of a shared chunk with a heap page.
func startAlign() uintptr { return min(vm.PageSize(), sizeclass.PageSize) }

// place returns where in the region of total bytes at start an object of shape w
// goes, 0 if the region does not suit it.
//
// Objects of whole pages would all begin at the same offset in a page and so
// fight for the same few sets of the processor's caches. What the last page
// leaves free goes in front instead, as much as the region's colour says, in
// steps of the alignment and within the first page.
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

// colourOf returns the n-th colour: van der Corput's sequence in base 2, whose
// first 2ᵏ members fall into 2ᵏ different ones of as many equal parts.
func colourOf(n uint32) uint16 { return bits.Reverse16(uint16(n)) }
