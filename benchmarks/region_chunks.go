package main

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// chunkRegion cuts objects from chunks of a pool, one after the other, and gives the chunks back at once.
type chunkRegion struct {
	pool   *chunksPeer
	chunks []unsafe.Pointer
	used   int // bytes of the last chunk
}

func openChunkRegions() func() suite.Region {
	pool := new(chunksPeer)
	return func() suite.Region { return &chunkRegion{pool: pool} }
}

func (r *chunkRegion) Node() *suite.Node { return (*suite.Node)(r.zeroed(unsafe.Sizeof(suite.Node{}))) }
func (r *chunkRegion) Tower() *suite.Tower {
	return (*suite.Tower)(r.zeroed(unsafe.Sizeof(suite.Tower{})))
}
func (r *chunkRegion) Bytes(n int) []byte { return unsafe.Slice((*byte)(r.alloc(n)), n) }
func (r *chunkRegion) Close()             { r.Reset() }

func (r *chunkRegion) Links(n int) []*suite.Tower {
	return unsafe.Slice((**suite.Tower)(r.zeroed(uintptr(n)*unsafe.Sizeof(uintptr(0)))), n)
}

func (r *chunkRegion) Reset() {
	for _, chunk := range r.chunks {
		r.pool.put(chunk)
	}
	r.chunks, r.used = r.chunks[:0], 0
}

func (r *chunkRegion) alloc(n int) unsafe.Pointer {
	const word = int(unsafe.Sizeof(uintptr(0)))
	n = (n + word - 1) &^ (word - 1)
	if len(r.chunks) == 0 || r.used+n > chunkSize {
		r.chunks, r.used = append(r.chunks, r.pool.get(chunkSize)), 0
	}
	p := unsafe.Add(r.chunks[len(r.chunks)-1], r.used)
	r.used += n
	return p
}

// zeroed clears bytes, not pointers: what they hold may look like any.
func (r *chunkRegion) zeroed(n uintptr) unsafe.Pointer {
	p := r.alloc(int(n))
	clear(unsafe.Slice((*byte)(p), n))
	return p
}
