// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// An Allocator allocates and frees memory outside the Go heap. Its zero value is
// ready for use. It is safe for concurrent use, except for Close.
type Allocator struct {
	Allocs int // live blocks; this and the next two in builds with the tag memory.counters only
	Bytes  int // got from the kernel and not given back: what may occupy RAM
	Mmaps  int // mappings of address space

	heap *alloc.Allocator // nil before the first use and after Close; atomic
}

// use returns the heap of a.
func (a *Allocator) use() *alloc.Allocator {
	if h := (*alloc.Allocator)(atomic.LoadPointer(a.slot())); h != nil {
		return h
	}
	return a.open()
}

// options are those of heaps; tests have others.
var options alloc.Options

// open gives a its heap. Of two goroutines that do so at once one wins.
func (a *Allocator) open() *alloc.Allocator {
	o := options
	o.AddressesAsNumbers = true // as translated C keeps them
	h, err := alloc.NewAllocator(o)
	if err != nil {
		h = new(alloc.Allocator) // whose first use says what is wrong
	}
	if atomic.CompareAndSwapPointer(a.slot(), nil, unsafe.Pointer(h)) {
		enlist(h)
	}
	return (*alloc.Allocator)(atomic.LoadPointer(a.slot()))
}

func (a *Allocator) slot() *unsafe.Pointer { return (*unsafe.Pointer)(unsafe.Pointer(&a.heap)) }

// Close gives all memory back to the kernel, live blocks included, and makes a a
// zero value again. Nobody may be using a or its blocks. An error means that the
// kernel did not take everything back.
func (a *Allocator) Close() error {
	h := a.heap
	*a = Allocator{}
	if h == nil {
		return nil
	}
	strike(h)
	return h.Close()
}

// Trim gives what is unused back to the kernel now. It is never needed: unused
// memory goes back by itself after about a second. The error is always nil.
func (a *Allocator) Trim() error {
	h := a.use()
	h.Trim()
	a.count(h, 0)
	return nil
}
