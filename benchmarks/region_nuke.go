package main

import (
	"github.com/ortuman/nuke"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// nukeRegion is github.com/ortuman/nuke's arena, whose buffers are on the Go heap and hide what they hold from the
// collector. It has so many that none of its objects goes to the Go heap itself, where it would be collected.
type nukeRegion struct{ arena nuke.Arena }

const (
	nukeBuffer  = 1 << 20
	nukeBuffers = 256
)

func openNukeRegion() suite.Region {
	return nukeRegion{nuke.NewMonotonicArena(nukeBuffer, nukeBuffers)}
}

func (r nukeRegion) Node() *suite.Node          { return nuke.New[suite.Node](r.arena) }
func (r nukeRegion) Tower() *suite.Tower        { return nuke.New[suite.Tower](r.arena) }
func (r nukeRegion) Links(n int) []*suite.Tower { return nuke.MakeSlice[*suite.Tower](r.arena, n, n) }
func (r nukeRegion) Bytes(n int) []byte         { return nuke.MakeSlice[byte](r.arena, n, n) }
func (r nukeRegion) Reset()                     { r.arena.Reset(false) }
func (r nukeRegion) Close()                     { r.arena.Reset(true) }
