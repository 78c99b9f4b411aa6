// SPDX-License-Identifier: Apache-2.0

package swissmem

import (
	"cmp"

	"github.com/ashlar-go/ashlar/alloc"
)

// An Allocator hands out the tables of maps whose groups are of type G. It is safe
// for concurrent use, by any number of maps.
type Allocator[G any] struct{ heap *alloc.Allocator }

// New returns an Allocator that takes its memory from heap; nil means
// alloc.Default. The error wraps alloc.ErrHasPointers if G, and so the map's key or
// value, holds Go pointers.
func New[G any](heap *alloc.Allocator) (*Allocator[G], error) {
	a := &Allocator[G]{cmp.Or(heap, alloc.Default())}
	g, err := alloc.New[G](a.heap) // Alloc would fail for the same types
	if err != nil {
		return nil, err
	}
	alloc.Free(a.heap, g)
	return a, nil
}

// Alloc returns n zeroed groups. It panics with an *alloc.Error if there is no memory.
func (a *Allocator[G]) Alloc(n int) []G {
	groups, err := alloc.MakeSlice[G](a.heap, n, n)
	if err != nil {
		panic(err)
	}
	return groups
}

// Free frees groups from Alloc. It ignores nil. It panics with an *alloc.MisuseError if groups
// is not from Alloc, or was freed before.
func (a *Allocator[G]) Free(groups []G) { alloc.FreeSlice(a.heap, groups) }
