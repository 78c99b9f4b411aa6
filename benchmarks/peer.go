package main

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// A peer is one allocator under measurement.
type peer interface {
	// worker makes a handle for one goroutine at a time. Workers of a peer whose kind is shared may be
	// used at once.
	worker() worker
	// trim gives back to the kernel what the peer retains.
	trim()
	// close frees everything, after the peer's workers were closed.
	close()
}

// A worker has the measured loops. They are generated (loops_generated.go), so that within a loop the
// allocator is called directly; only the loop as a whole is called through this interface.
type worker interface {
	suite.Worker
	pair(r *ring, size, n int)
	allocate(blocks []unsafe.Pointer, size int)
	free(blocks []unsafe.Pointer, order []int32, size int)
}

// A peerKind makes peers of one kind.
type peerKind struct {
	name   string
	open   func() peer
	shared bool // several goroutines may allocate at once
	heap   bool // blocks live on the Go heap, so the collector must see what refers to them
	litter bool // frees leave garbage to the collector, whose work is part of the cost
	mapped bool // needs mapMemory
	most   int  // live blocks at once that it is made for; 0 if there is no bound
	size   int  // bytes of its largest block; 0 if there is no bound
	least  int  // bytes that a workload's largest block has at least if it is worth the time
}

// The names of the peers, as tables and benchmarks show them.
const (
	ashlarName      = "ashlar"
	ashlarLocalName = "ashlar-local"
	checkedName     = "ashlar-checked" // in no table
	moderncName     = "modernc"
	lockedName      = "modernc+mutex"
	makeName        = "make"
	poolName        = "sync.Pool"
	poolsName       = "sync.Pools"
	chunksName      = "chunk-pool"
	cgoName         = "cgo" // in a process of its own; the tables name the library instead
	naiveName       = "naive"
	loopName        = "loop-alone"
)

// peerKinds lists all peers in the order of the tables' columns.
var peerKinds = []peerKind{
	{name: ashlarName, open: openAshlar, shared: true},
	{name: ashlarLocalName, open: openAshlarLocal, shared: true},
	{name: moderncName, open: openModernc},
	{name: lockedName, open: openModerncMutex, shared: true},
	{name: makeName, open: openMake, shared: true, heap: true, litter: true},
	{name: poolName, open: openPool, shared: true, heap: true},
	{name: poolsName, open: openPools, shared: true, heap: true},
	{name: chunksName, open: openChunks, shared: true, mapped: true, most: 2000, size: chunkSize},
	{name: naiveName, open: openNaive, shared: true, mapped: true, most: 2000, least: 64 << 10},
	{name: loopName, open: openLoop, shared: true},
	{name: checkedName, open: openAshlarChecked, shared: true},
}

// kindsNamed finds the kinds by name, in the order given, without those that this system lacks.
func kindsNamed(names ...string) []peerKind {
	var kinds []peerKind
	for _, name := range names {
		kind := kindNamed(name)
		if kind.mapped && !mapSupported {
			continue
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

func kindNamed(name string) peerKind {
	kind, ok := findKind(name)
	if !ok {
		panic(fmt.Sprintf("benchmarks: no peer named %q", name))
	}
	return kind
}

// findKind says whether this build has the peer, too.
func findKind(name string) (peerKind, bool) {
	kinds := slices.Concat(peerKinds, memorymanagerKinds, cgoKinds)
	at := slices.IndexFunc(kinds, func(k peerKind) bool { return k.name == name })
	if at < 0 {
		return peerKind{}, false
	}
	return kinds[at], true
}
