// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"runtime/debug"
	"sync"
	"unsafe"
)

// Pool is the name of the sync.Pool for each size.
const Pool = "sync.Pool"

func init() {
	register(Kind{
		Name: Pool, About: "one sync.Pool for each size", Rank: 70,
		In:     Single | Parallel | Remote,
		Open:   func() Peer { return &poolPeer{pools: make(map[int]*sync.Pool)} },
		Shared: true, Heap: true,
	})
}

// poolPeer keeps one sync.Pool for each requested size. The pools hold *byte, which an interface
// value stores without an allocation.
type poolPeer struct {
	mutex sync.Mutex
	pools map[int]*sync.Pool
}

// poolHandle looks up the pool once for each loop.
//
//loop:hoist a := h.pools.of(size)
//loop:malloc p := unsafe.Pointer(a.Get().(*byte))
//loop:free a.Put((*byte)(BLOCK))
type poolHandle struct{ pools *poolPeer }

func (p *poolPeer) Handle() Handle { return &poolHandle{p} }
func (p *poolPeer) Trim()          { debug.FreeOSMemory() }
func (p *poolPeer) Close()         {}

func (h *poolHandle) Close() {}

// of returns the pool of blocks of the size.
func (p *poolPeer) of(size int) *sync.Pool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.pools[size] == nil {
		p.pools[size] = &sync.Pool{New: func() any { return unsafe.SliceData(make([]byte, size)) }}
	}
	return p.pools[size]
}
