// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"slices"
	"sync"

	"github.com/ashlar-go/ashlar/alloc"
)

// heaps lists the heaps of all Allocators in use.
var heaps struct {
	mu  sync.Mutex
	all []*alloc.Allocator
}

// Heaps returns the heaps of all Allocators in use, with their statistics, profiles and
// traces. It includes Allocators that are private to other packages, such as modernc.org/libc.
// An Allocator has a heap from its first use to Close.
func Heaps() []*alloc.Allocator {
	heaps.mu.Lock()
	defer heaps.mu.Unlock()
	return slices.Clone(heaps.all)
}

// enlist adds a heap to heaps.
func enlist(h *alloc.Allocator) {
	heaps.mu.Lock()
	defer heaps.mu.Unlock()
	heaps.all = append(heaps.all, h)
}

// strike removes a heap from heaps.
func strike(h *alloc.Allocator) {
	heaps.mu.Lock()
	defer heaps.mu.Unlock()
	heaps.all = slices.DeleteFunc(heaps.all, func(other *alloc.Allocator) bool { return other == h })
}
