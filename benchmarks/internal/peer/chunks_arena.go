// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// chunkArena cuts objects from chunks of a pool, one after the other. Reset puts all chunks back at once.
type chunkArena struct {
	pool   *chunksPeer
	chunks []unsafe.Pointer
	used   int // bytes of the last chunk
}

func (a *chunkArena) Node() *suite.Node { return (*suite.Node)(a.zeroed(unsafe.Sizeof(suite.Node{}))) }
func (a *chunkArena) Tower() *suite.Tower {
	return (*suite.Tower)(a.zeroed(unsafe.Sizeof(suite.Tower{})))
}
func (a *chunkArena) Bytes(n int) []byte { return unsafe.Slice((*byte)(a.alloc(n)), n) }
func (a *chunkArena) Close()             { a.Reset() }

func (a *chunkArena) Links(n int) []*suite.Tower {
	return unsafe.Slice((**suite.Tower)(a.zeroed(uintptr(n)*unsafe.Sizeof(uintptr(0)))), n)
}

func (a *chunkArena) Reset() {
	for _, chunk := range a.chunks {
		a.pool.put(chunk)
	}
	a.chunks, a.used = a.chunks[:0], 0
}

func (a *chunkArena) alloc(n int) unsafe.Pointer {
	const word = int(unsafe.Sizeof(uintptr(0)))
	n = (n + word - 1) &^ (word - 1)
	if len(a.chunks) == 0 || a.used+n > chunkSize {
		a.chunks, a.used = append(a.chunks, a.pool.get(chunkSize)), 0
	}
	p := unsafe.Add(a.chunks[len(a.chunks)-1], a.used)
	a.used += n
	return p
}

// zeroed clears bytes, not pointers: the old bytes may look like any pointer.
func (a *chunkArena) zeroed(n uintptr) unsafe.Pointer {
	p := a.alloc(int(n))
	clear(unsafe.Slice((*byte)(p), n))
	return p
}
