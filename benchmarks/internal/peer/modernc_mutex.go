// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"sync"
	"unsafe"

	"modernc.org/memory"
)

// ModerncMutex is the name of modernc.org/memory behind a mutex.
const ModerncMutex = "modernc+mutex"

func init() {
	register(Kind{
		Name: ModerncMutex, About: "modernc.org/memory behind one mutex, as modernc.org/libc uses it; where several goroutines allocate",
		Rank: 50,
		In:   Parallel | Remote | Suite,
		Open: func() Peer { return new(moderncMutexPeer) },

		Shared: true, Locked: true,
	})
}

// moderncMutexPeer is modernc.org/memory behind one mutex.
type moderncMutexPeer struct {
	mutex     sync.Mutex
	allocator memory.Allocator
}

// moderncMutexHandle calls the allocator with the mutex held.
//
//loop:hoist a := h.peer
//loop:malloc a.mutex.Lock()
//loop:malloc address, err := a.allocator.UintptrMalloc(size)
//loop:malloc a.mutex.Unlock()
//loop:malloc if err != nil { panic(err) }
//loop:malloc p := unsafe.Add(nil, address)
//loop:free a.mutex.Lock()
//loop:free err := a.allocator.UintptrFree(uintptr(BLOCK))
//loop:free a.mutex.Unlock()
//loop:free if err != nil { panic(err) }
type moderncMutexHandle struct{ peer *moderncMutexPeer }

func (p *moderncMutexPeer) Handle() Handle { return &moderncMutexHandle{p} }
func (p *moderncMutexPeer) Trim()          { must(p.allocator.Trim()) }
func (p *moderncMutexPeer) Close()         { must(p.allocator.Close()) }

func (h *moderncMutexHandle) Close() {}

func (h *moderncMutexHandle) Calloc(size int) unsafe.Pointer {
	h.peer.mutex.Lock()
	defer h.peer.mutex.Unlock()
	return unsafe.Add(nil, orPanic(h.peer.allocator.UintptrCalloc(size)))
}

func (h *moderncMutexHandle) Resize(block unsafe.Pointer, _, size int) unsafe.Pointer {
	h.peer.mutex.Lock()
	defer h.peer.mutex.Unlock()
	return unsafe.Add(nil, orPanic(h.peer.allocator.UintptrRealloc(uintptr(block), size)))
}
