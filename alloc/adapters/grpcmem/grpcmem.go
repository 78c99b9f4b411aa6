// SPDX-License-Identifier: Apache-2.0

package grpcmem

import (
	"cmp"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// smallest is the capacity up to which gRPC does not put buffers back, in bytes.
const smallest = 1 << 10

// A Pool hands out gRPC's buffers. It is safe for concurrent use.
type Pool struct {
	heap  *alloc.Allocator
	inUse atomic.Int64
	lost  atomic.Int64
	// out has what is to be stopped when a buffer comes back: address of its
	// block → runtime.Cleanup.
	out sync.Map
}

// New returns a Pool that takes its memory from heap; nil means alloc.Default.
func New(heap *alloc.Allocator) *Pool {
	return &Pool{heap: cmp.Or(heap, alloc.Default())}
}

// Get returns a buffer of length bytes. Its contents are unspecified if it has more
// than 1 KiB.
func (p *Pool) Get(length int) *[]byte {
	if length <= smallest {
		b := make([]byte, length)
		return &b
	}
	block, err := p.heap.Malloc(length)
	if err != nil {
		panic(err)
	}
	p.inUse.Add(1)
	b := new([]byte)
	*b = unsafe.Slice((*byte)(block), alloc.UsableSize(block))[:length]
	p.out.Store(uintptr(block), runtime.AddCleanup(b, p.reclaim, block))
	return b
}

// putBack is where slices lead that were put back, so that they are known.
var putBack [1]byte

// Put takes a buffer from Get back, by the pointer that Get returned; the slice may
// have been cut at its end. Nobody may use it afterwards.
func (p *Pool) Put(b *[]byte) {
	if b == nil {
		return
	}
	block := unsafe.Pointer(unsafe.SliceData(*b))
	cleanup, out := p.out.LoadAndDelete(uintptr(block))
	if !out {
		if cap(*b) <= smallest && block != unsafe.Pointer(&putBack) {
			return // Go memory
		}
		panic(&alloc.MisuseError{Kind: alloc.InvalidPointer, Op: "Put", Addr: uintptr(block),
			Detail: "no buffer of this Pool that is in use: it was put back before, or is not from Get"})
	}
	cleanup.(runtime.Cleanup).Stop()
	runtime.KeepAlive(b) // or it might have been reclaimed before
	p.heap.Free(block)
	p.inUse.Add(-1)
	*b = putBack[:0:0]
}

// reclaim frees a buffer that the collector found to be nobody's any more.
func (p *Pool) reclaim(block unsafe.Pointer) {
	if _, out := p.out.LoadAndDelete(uintptr(block)); out {
		p.inUse.Add(-1)
		p.lost.Add(1)
		defer ignoreClosed()
		p.heap.Free(block)
	}
}

// ignoreClosed ends the panic of a Free that came after the Allocator's Close, which has
// freed the block.
func ignoreClosed() {
	v := recover()
	if e, ok := v.(*alloc.MisuseError); v != nil && (!ok || e.Kind != alloc.UseAfterClose) {
		panic(v)
	}
}

// InUse returns how many buffers of more than 1 KiB are out: got, and neither put
// back nor lost.
func (p *Pool) InUse() int64 { return p.inUse.Load() }

// Lost returns how many buffers were never put back and freed when the collector
// found them unreachable.
func (p *Pool) Lost() int64 { return p.lost.Load() }
