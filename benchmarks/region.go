package main

import (
	"slices"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// A regionKind makes regions, for the workloads whose objects are freed at once. There the peers that have only
// Malloc and Release free each object by itself.
type regionKind struct {
	name string
	open func() func() suite.Region // what it gives makes the region of one goroutine
}

// The names of the regions, as tables show them. The Go heap and the chunk pool go by the names of the peers.
const (
	arenaName      = "ashlar-arena"
	nukeName       = "nuke"
	experimentName = "go-arena"
)

// regionKinds lists those of this build in the order of the tables' columns.
func regionKinds() []regionKind {
	kinds := []regionKind{
		{arenaName, func() func() suite.Region { return openArenaRegion }},
		{makeName, func() func() suite.Region { return func() suite.Region { return heapRegion{} } }},
		{nukeName, func() func() suite.Region { return openNukeRegion }},
	}
	if mapSupported {
		kinds = append(kinds, regionKind{chunksName, openChunkRegions})
	}
	return append(kinds, experimentKinds...)
}

// findRegion says whether this build has the region, too.
func findRegion(name string) (regionKind, bool) {
	kinds := regionKinds()
	at := slices.IndexFunc(kinds, func(k regionKind) bool { return k.name == name })
	if at < 0 {
		return regionKind{}, false
	}
	return kinds[at], true
}
