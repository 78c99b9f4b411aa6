package main

import (
	"runtime/debug"
	"sync"
	"unsafe"
)

// poolPeer keeps one sync.Pool for each size that was asked for. The pools hold *byte, which an
// interface value stores without an allocation of its own.
type poolPeer struct {
	mutex sync.Mutex
	pools map[int]*sync.Pool
}

type poolWorker struct{ pools *poolPeer }

func openPool() peer { return &poolPeer{pools: make(map[int]*sync.Pool)} }

func (p *poolPeer) worker() worker { return &poolWorker{p} }
func (p *poolPeer) trim()          { debug.FreeOSMemory() }
func (p *poolPeer) close()         {}

func (w *poolWorker) Close() {}

// of gives the pool of blocks of the size. The loops ask for it once, before their first round.
func (p *poolPeer) of(size int) *sync.Pool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.pools[size] == nil {
		p.pools[size] = &sync.Pool{New: func() any { return unsafe.SliceData(make([]byte, size)) }}
	}
	return p.pools[size]
}
