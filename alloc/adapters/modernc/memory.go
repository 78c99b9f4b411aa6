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
	// These fields are 0 in builds without the tag memory.counters.
	Allocs int // number of live blocks
	Bytes  int // bytes that may occupy RAM
	Mmaps  int // number of mappings

	heap *alloc.Allocator // nil before the first use and after Close; atomic
}

// use returns the heap of a.
func (a *Allocator) use() *alloc.Allocator {
	if h := (*alloc.Allocator)(atomic.LoadPointer(a.slot())); h != nil {
		return h
	}
	return a.open()
}

// options are the options of new heaps. Tests change them.
var options alloc.Options

// open makes the heap of a. If two goroutines do so at once, one of the heaps is used.
func (a *Allocator) open() *alloc.Allocator {
	o := options
	o.AddressesAsNumbers = true // because C code that was translated to Go keeps addresses as numbers
	h, err := alloc.NewAllocator(o)
	if err != nil {
		h = new(alloc.Allocator) // its first call returns the error
	}
	if atomic.CompareAndSwapPointer(a.slot(), nil, unsafe.Pointer(h)) {
		enlist(h)
	}
	return (*alloc.Allocator)(atomic.LoadPointer(a.slot()))
}

func (a *Allocator) slot() *unsafe.Pointer { return (*unsafe.Pointer)(unsafe.Pointer(&a.heap)) }

// Close gives all memory back to the kernel, live blocks included, and makes a a zero value
// again. An access to a block after Close is a fault, or reaches other memory. No other call
// may run at the same time. An error means that the kernel did not take everything back.
func (a *Allocator) Close() error {
	h := a.heap
	*a = Allocator{}
	if h == nil {
		return nil
	}
	strike(h)
	return h.Close()
}

// Trim gives unused memory back to the kernel now. Without Trim, unused memory goes back after
// about a second. The error is always nil.
func (a *Allocator) Trim() error {
	h := a.use()
	h.Trim()
	a.count(h, 0)
	return nil
}
