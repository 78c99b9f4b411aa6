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

// smallest is the largest capacity, in bytes, of buffers that gRPC does not put back.
const smallest = 1 << 10

// A Pool hands out gRPC's buffers. It is safe for concurrent use.
type Pool struct {
	heap  *alloc.Allocator
	inUse atomic.Int64
	lost  atomic.Int64
	// out maps the address of each block in use to its runtime.Cleanup, which Put stops.
	out sync.Map
}

// New returns a Pool that takes its memory from heap; nil means alloc.Default.
func New(heap *alloc.Allocator) *Pool {
	return &Pool{heap: cmp.Or(heap, alloc.Default())}
}

// Get returns a buffer of length bytes. Its contents are zero up to 1 KiB, and unspecified
// above. Get panics with an *alloc.Error if there is no memory.
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

// putBack is the byte to which a slice points after Put, so that a second Put is detected.
var putBack [1]byte

// Put frees a buffer. b is the pointer that Get returned; the slice may have been cut at its
// end. A use of the buffer after Put reads or writes freed memory. Put panics with an
// *alloc.MisuseError if the buffer was put back before, or is not from Get.
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
			Detail: "this is not a buffer of this Pool in use: it was put back before, or is not from Get"})
	}
	cleanup.(runtime.Cleanup).Stop()
	runtime.KeepAlive(b) // otherwise the collector might have reclaimed it before Stop
	p.heap.Free(block)
	p.inUse.Add(-1)
	*b = putBack[:0:0]
}

// reclaim frees a buffer that the collector found unreachable.
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

// InUse returns the number of buffers of more than 1 KiB that Get returned and that were
// neither put back nor lost.
func (p *Pool) InUse() int64 { return p.inUse.Load() }

// Lost returns the number of buffers that were dropped without Put, and freed when the
// collector found them unreachable.
func (p *Pool) Lost() int64 { return p.lost.Load() }
