//go:build goexperiment.arenas

package main

import (
	"arena"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

var experimentKinds = []regionKind{{experimentName, func() func() suite.Region { return openExperimentRegion }}}

// experimentRegion is the standard library's experimental arena, which has no reset: it is freed and made anew.
type experimentRegion struct{ arena *arena.Arena }

func openExperimentRegion() suite.Region { return &experimentRegion{arena.NewArena()} }

func (r *experimentRegion) Node() *suite.Node   { return arena.New[suite.Node](r.arena) }
func (r *experimentRegion) Tower() *suite.Tower { return arena.New[suite.Tower](r.arena) }
func (r *experimentRegion) Bytes(n int) []byte  { return arena.MakeSlice[byte](r.arena, n, n) }
func (r *experimentRegion) Close()              { r.arena.Free() }

func (r *experimentRegion) Links(n int) []*suite.Tower {
	return arena.MakeSlice[*suite.Tower](r.arena, n, n)
}

func (r *experimentRegion) Reset() {
	r.arena.Free()
	r.arena = arena.NewArena()
}
