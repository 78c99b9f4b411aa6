package grpcmem

import (
	"cmp"
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
	// slices are slice headers without a buffer: gRPC passes buffers by pointers to
	// them, which are Go memory.
	slices sync.Pool
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
	b, _ := p.slices.Get().(*[]byte)
	if b == nil {
		b = new([]byte)
	}
	*b = unsafe.Slice((*byte)(block), alloc.UsableSize(block))[:length]
	return b
}

// Put takes a buffer from Get back, which may have been cut at its end. Nobody may
// use it afterwards, nor what b points to.
func (p *Pool) Put(b *[]byte) {
	if b == nil || cap(*b) <= smallest {
		return // Go memory
	}
	p.heap.Free(unsafe.Pointer(unsafe.SliceData(*b)))
	p.inUse.Add(-1)
	*b = nil
	p.slices.Put(b)
}

// InUse returns how many buffers of more than 1 KiB were got and not put back.
func (p *Pool) InUse() int64 { return p.inUse.Load() }
