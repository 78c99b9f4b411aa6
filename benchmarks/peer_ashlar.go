package main

import "github.com/ashlar-go/ashlar/alloc"

// ashlarPeer is ashlar's Allocator, used directly by all goroutines.
type ashlarPeer struct{ allocator *alloc.Allocator }

type ashlarWorker struct{ allocator *alloc.Allocator }

func openAshlar() peer { return &ashlarPeer{newAllocator()} }

func newAllocator() *alloc.Allocator {
	a, err := alloc.NewAllocator(alloc.Options{})
	if err != nil {
		panic(err)
	}
	return a
}

func (p *ashlarPeer) worker() worker { return &ashlarWorker{p.allocator} }
func (p *ashlarPeer) trim()          { p.allocator.Trim() }
func (p *ashlarPeer) close()         { closeAllocator(p.allocator) }

func (w *ashlarWorker) close() {}

func closeAllocator(a *alloc.Allocator) {
	if err := a.Close(); err != nil {
		panic(err)
	}
}
