// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"cmp"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// A Pool hands out byte slices, for code that calls Get and Put. Unlike a sync.Pool, it has
// slices of every length, and never hands out a slice much longer than requested. It gives
// the memory of a burst back to the kernel. A Pool is safe for concurrent use.
type Pool struct{ heap *alloc.Allocator }

// NewPool returns a Pool that takes its memory from a; nil means alloc.Default.
func NewPool(a *alloc.Allocator) *Pool { return &Pool{cmp.Or(a, alloc.Default())} }

// Get returns a slice of length n. Its contents are unspecified, and its capacity is the
// usable size of the block. Get panics with an *alloc.Error if there is no memory or n is
// negative.
func (p *Pool) Get(n int) []byte { return alloc.Must(p.TryGet(n)) }

// TryGet is Get, but it returns the error.
func (p *Pool) TryGet(n int) ([]byte, error) {
	block, err := p.heap.Malloc(n)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(block), alloc.UsableSize(block))[:n], nil
}

// Put frees a slice from Get, which may have been cut at its end. Put ignores nil. It panics
// with an *alloc.MisuseError if b is not from Get, was cut at its front, or was put back
// before.
func (p *Pool) Put(b []byte) { p.heap.Free(unsafe.Pointer(unsafe.SliceData(b))) }
