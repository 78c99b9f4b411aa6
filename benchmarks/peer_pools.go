package main

import (
	"math/bits"
	"runtime/debug"
	"sync"
	"unsafe"
)

// poolsPeer keeps a sync.Pool for each power of two, as most buffer pools of Go programs do: a block of any size comes
// from the pool of the next one. Larger blocks than the largest pool's are made and forgotten.
type poolsPeer struct{ pools [poolsTop + 1]sync.Pool }

// Blocks of 1 << poolsTop bytes are the largest that are kept.
const poolsTop = 25

type poolsWorker struct{ pools *poolsPeer }

func openPools() peer {
	p := new(poolsPeer)
	for class := range p.pools {
		p.pools[class].New = func() any { return unsafe.SliceData(make([]byte, 1<<class)) }
	}
	return p
}

func (p *poolsPeer) worker() worker { return &poolsWorker{p} }
func (p *poolsPeer) trim()          { debug.FreeOSMemory() }
func (p *poolsPeer) close()         {}

func (w *poolsWorker) Close() {}

// poolOf is the exponent of the smallest power of two that is not below the size.
func poolOf(size int) int { return bits.Len(uint(size - 1)) }

func (p *poolsPeer) get(size int) unsafe.Pointer {
	class := poolOf(size)
	if class > poolsTop {
		return unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
	}
	return unsafe.Pointer(p.pools[class].Get().(*byte))
}

func (p *poolsPeer) put(block unsafe.Pointer, size int) {
	if class := poolOf(size); class <= poolsTop {
		p.pools[class].Put((*byte)(block))
	}
}
