// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"cmp"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// A Pool hands out byte slices, for code that gets and puts them. Unlike a sync.Pool it
// has slices of every length, keeps none that is too long for what comes next, and gives
// back to the kernel what a burst took. It is safe for concurrent use.
type Pool struct{ heap *alloc.Allocator }

// NewPool returns a Pool that takes its memory from a; nil means alloc.Default.
func NewPool(a *alloc.Allocator) *Pool { return &Pool{cmp.Or(a, alloc.Default())} }

// Get returns a slice of length n whose contents are unspecified; its capacity is what the
// block has. It panics with an *alloc.Error if there is no memory or n is negative.
func (p *Pool) Get(n int) []byte { return alloc.Must(p.TryGet(n)) }

// TryGet is Get, but it returns the error.
func (p *Pool) TryGet(n int) ([]byte, error) {
	block, err := p.heap.Malloc(n)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(block), alloc.UsableSize(block))[:n], nil
}

// Put takes a slice of Get back, which may have been cut at its end. nil is ignored.
// What is not from Get, was cut at its front, or was put back before panics with an
// *alloc.MisuseError.
func (p *Pool) Put(b []byte) { p.heap.Free(unsafe.Pointer(unsafe.SliceData(b))) }
