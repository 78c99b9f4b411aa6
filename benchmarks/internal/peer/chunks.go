// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// Chunks is the name of the pool of chunks.
const Chunks = "chunk-pool"

func init() {
	register(Kind{
		Name: Chunks, About: "chunks of 64 KiB on a free list under a mutex, like github.com/VictoriaMetrics/fastcache", Rank: 90,
		In:     Suite,
		Open:   func() Peer { return new(chunksPeer) },
		Arenas: openChunkArenas,
		Shared: true, Mapped: true, MaxLive: 2000, MaxBlock: chunkSize,
	})
}

// chunksPeer is the design of github.com/VictoriaMetrics/fastcache: chunks of 64 KiB, cut from large
// mappings, on one free list under a mutex. A smaller block takes a whole chunk, so the design suits
// buffers only.
type chunksPeer struct {
	mutex    sync.Mutex
	free     []unsafe.Pointer
	mappings []unsafe.Pointer
}

const (
	chunkSize    = 64 << 10 // bytes
	chunkMapping = 64 << 20 // bytes
)

// chunksHandle calls the pool.
//
//loop:hoist a := h.pool
//loop:malloc p := a.get(size)
//loop:free a.put(BLOCK)
type chunksHandle struct{ pool *chunksPeer }

func (p *chunksPeer) Handle() Handle { return &chunksHandle{p} }
func (p *chunksPeer) Trim()          {}

func (h *chunksHandle) Close() {}

func (p *chunksPeer) Close() {
	for _, mapping := range p.mappings {
		must(UnmapMemory(mapping, chunkMapping))
	}
}

func (p *chunksPeer) get(size int) unsafe.Pointer {
	if size > chunkSize {
		panic(fmt.Sprintf("peer: a chunk has %d bytes, and %d are requested", chunkSize, size))
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if len(p.free) == 0 {
		p.grow()
	}
	last := len(p.free) - 1
	chunk := p.free[last]
	p.free = p.free[:last]
	return chunk
}

func (p *chunksPeer) put(chunk unsafe.Pointer) {
	p.mutex.Lock()
	p.free = append(p.free, chunk)
	p.mutex.Unlock()
}

// grow cuts another mapping into chunks.
func (p *chunksPeer) grow() {
	mapping := orPanic(MapMemory(chunkMapping))
	p.mappings = append(p.mappings, mapping)
	for at := chunkMapping - chunkSize; at >= 0; at -= chunkSize {
		p.free = append(p.free, unsafe.Add(mapping, at))
	}
}

func openChunkArenas() func() suite.Arena {
	pool := new(chunksPeer)
	return func() suite.Arena { return &chunkArena{pool: pool} }
}
