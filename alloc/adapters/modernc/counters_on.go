// SPDX-License-Identifier: Apache-2.0

//go:build memory.counters

package memory

import (
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// count adds blocks to the live blocks of a, and updates Bytes and Mmaps from its heap h.
func (a *Allocator) count(h *alloc.Allocator, blocks int) {
	bytes, mappings := h.Footprint()
	atomic.AddUintptr(word(&a.Allocs), uintptr(blocks))
	atomic.StoreUintptr(word(&a.Bytes), uintptr(bytes))
	atomic.StoreUintptr(word(&a.Mmaps), uintptr(mappings))
}

// word returns n as a pointer to a uintptr, which package atomic supports. It has the same
// width.
func word(n *int) *uintptr { return (*uintptr)(unsafe.Pointer(n)) }
