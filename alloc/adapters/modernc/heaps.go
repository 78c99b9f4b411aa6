// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"slices"
	"sync"

	"github.com/ashlar-go/ashlar/alloc"
)

// heaps are those of all Allocators in use.
var heaps struct {
	mu  sync.Mutex
	all []*alloc.Allocator
}

// Heaps returns the heaps of all Allocators in use, also of those that are private to
// another package, as modernc.org/libc's is: for their numbers, profiles and traces. An
// Allocator has one from its first use to Close.
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

// strike takes a heap out of heaps.
func strike(h *alloc.Allocator) {
	heaps.mu.Lock()
	defer heaps.mu.Unlock()
	heaps.all = slices.DeleteFunc(heaps.all, func(other *alloc.Allocator) bool { return other == h })
}
