// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"math/bits"
	"runtime/debug"
	"sync"
	"unsafe"
)

// Pools is the name of the sync.Pool for each power of two.
const Pools = "sync.Pools"

func init() {
	register(Kind{
		Name: Pools, About: "one sync.Pool for each power of two, like mcache of github.com/bytedance/gopkg", Rank: 80,
		In:     Suite,
		Open:   openPools,
		Shared: true, Heap: true,
	})
}

// poolsPeer keeps a sync.Pool for each power of two, as most buffer pools of Go programs do. A block
// comes from the pool of the next power of two. Blocks that are larger than those of the largest pool
// are made and forgotten.
type poolsPeer struct{ pools [poolsTop + 1]sync.Pool }

// The largest blocks that a pool keeps have 1 << poolsTop bytes.
const poolsTop = 25

// poolsHandle finds the pool for each block.
//
//loop:hoist a := h.pools
//loop:malloc p := a.get(size)
//loop:free a.put(BLOCK, size)
type poolsHandle struct{ pools *poolsPeer }

func openPools() Peer {
	p := new(poolsPeer)
	for class := range p.pools {
		p.pools[class].New = func() any { return unsafe.SliceData(make([]byte, 1<<class)) }
	}
	return p
}

func (p *poolsPeer) Handle() Handle { return &poolsHandle{p} }
func (p *poolsPeer) Trim()          { debug.FreeOSMemory() }
func (p *poolsPeer) Close()         {}

func (h *poolsHandle) Close() {}

// poolOf is the exponent of the smallest power of two that is at least the size.
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
