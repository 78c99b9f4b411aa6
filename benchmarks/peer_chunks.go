package main

import (
	"fmt"
	"sync"
	"unsafe"
)

// chunksPeer is the design of github.com/VictoriaMetrics/fastcache: chunks of 64 KiB, cut from large mappings, on one
// free list under a mutex. A smaller block takes a whole chunk, so that it suits buffers and nothing else.
type chunksPeer struct {
	mutex    sync.Mutex
	free     []unsafe.Pointer
	mappings []unsafe.Pointer
}

const (
	chunkSize    = 64 << 10
	chunkMapping = 64 << 20
)

type chunksWorker struct{ pool *chunksPeer }

func openChunks() peer { return new(chunksPeer) }

func (p *chunksPeer) worker() worker { return &chunksWorker{p} }
func (p *chunksPeer) trim()          {}
func (w *chunksWorker) Close()       {}

func (p *chunksPeer) close() {
	for _, mapping := range p.mappings {
		if err := unmapMemory(mapping, chunkMapping); err != nil {
			panic(err)
		}
	}
}

func (p *chunksPeer) get(size int) unsafe.Pointer {
	if size > chunkSize {
		panic(fmt.Sprintf("benchmarks: a chunk has %d bytes, %d are wanted", chunkSize, size))
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
	mapping := orPanic(mapMemory(chunkMapping))
	p.mappings = append(p.mappings, mapping)
	for at := chunkMapping - chunkSize; at >= 0; at -= chunkSize {
		p.free = append(p.free, unsafe.Add(mapping, at))
	}
}
