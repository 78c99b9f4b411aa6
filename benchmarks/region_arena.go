package main

import (
	"github.com/ashlar-go/ashlar/arena"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// arenaRegion is ashlar's arena, which is reset and keeps its memory for the next round.
type arenaRegion struct{ arena *arena.Arena }

func openArenaRegion() suite.Region { return arenaRegion{arena.NewArena()} }

func (r arenaRegion) Node() *suite.Node   { return arena.NewLinked[suite.Node](r.arena) }
func (r arenaRegion) Tower() *suite.Tower { return arena.NewLinked[suite.Tower](r.arena) }
func (r arenaRegion) Bytes(n int) []byte  { return arena.MakeSlice[byte](r.arena, n, n) }
func (r arenaRegion) Reset()              { r.arena.Reset() }
func (r arenaRegion) Close()              { r.arena.Free() }

func (r arenaRegion) Links(n int) []*suite.Tower {
	return arena.MakeLinkedSlice[*suite.Tower](r.arena, n, n)
}
