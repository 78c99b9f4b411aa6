// SPDX-License-Identifier: Apache-2.0

//go:build memory.counters

package memory

import (
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// count adds to the live blocks of a and notes what its heap h holds.
func (a *Allocator) count(h *alloc.Allocator, blocks int) {
	bytes, mappings := h.Footprint()
	atomic.AddUintptr(word(&a.Allocs), uintptr(blocks))
	atomic.StoreUintptr(word(&a.Bytes), uintptr(bytes))
	atomic.StoreUintptr(word(&a.Mmaps), uintptr(mappings))
}

// word views an int as the type of its width that package atomic knows.
func word(n *int) *uintptr { return (*uintptr)(unsafe.Pointer(n)) }
