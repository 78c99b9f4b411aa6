package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/sizeclass"
)

// MaxAlign is the largest alignment that Memalign gives, in bytes.
const MaxAlign = 1 << 30

// Memalign returns a block of size bytes whose address is a multiple of align, a
// power of two up to MaxAlign. It is like Malloc otherwise. Realloc keeps the
// alignment only as far as it is kept by Malloc: to 16 bytes, to 64 from 128 KiB on.
func (a *Allocator) Memalign(align, size int) (unsafe.Pointer, error) {
	return a.memalign((*processors)(a), "Memalign", align, size)
}

func (a *Allocator) memalign(h holder, op string, align, size int) (unsafe.Pointer, error) {
	p, err := a.serveAligned(h, op, align, size)
	if err == nil {
		a.recordAligned(raw.Addr(p), align, size)
	}
	return p, err
}

// serveAligned is memalign, unrecorded.
func (a *Allocator) serveAligned(h holder, op string, align, size int) (unsafe.Pointer, error) {
	if align <= 0 || align&(align-1) != 0 || align > MaxAlign || size < 0 {
		return nil, &Error{Op: op, Size: size, Err: ErrInvalidSize}
	}
	if size < sizeclass.LargeMin && align <= sizeclass.PageSize {
		// Spans begin at a multiple of the page size. A multiple of align that is no
		// block size itself lies in a class whose sizes are all multiples of align.
		if n := int(raw.AlignUp(uintptr(max(size, 1)), uintptr(align))); n < sizeclass.LargeMin {
			addr, _, err := a.serve(h, op, n, false)
			return raw.Pointer(addr), err
		}
	}
	chosen := a.choose(h, uintptr(max(size, 1)))
	addr, _, err := a.mapLarge(uintptr(max(size, 1)), uintptr(align), false)
	if err != nil {
		return nil, &Error{Op: op, Size: size, Err: err}
	}
	if chosen {
		a.chosenLarge(addr, uintptr(max(size, 1)), heapprof.Large)
	}
	return raw.Pointer(addr), nil
}
