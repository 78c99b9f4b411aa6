// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"github.com/ortuman/nuke"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// Nuke is the name of github.com/ortuman/nuke.
const Nuke = "nuke"

func init() {
	register(Kind{
		Name: Nuke, About: "github.com/ortuman/nuke, reset after each round", Rank: 85,
		Arenas: func() func() suite.Arena {
			return func() suite.Arena { return nukeArena{nuke.NewMonotonicArena(nukeBuffer, nukeBuffers)} }
		},
	})
}

// nukeArena is github.com/ortuman/nuke's arena. Its buffers are on the Go heap and hide their contents
// from the collector. It has so many buffers that none of its objects goes to the Go heap itself, where
// the collector would free it.
type nukeArena struct{ arena nuke.Arena }

const (
	nukeBuffer  = 1 << 20 // bytes
	nukeBuffers = 256
)

func (a nukeArena) Node() *suite.Node          { return nuke.New[suite.Node](a.arena) }
func (a nukeArena) Tower() *suite.Tower        { return nuke.New[suite.Tower](a.arena) }
func (a nukeArena) Links(n int) []*suite.Tower { return nuke.MakeSlice[*suite.Tower](a.arena, n, n) }
func (a nukeArena) Bytes(n int) []byte         { return nuke.MakeSlice[byte](a.arena, n, n) }
func (a nukeArena) Reset()                     { a.arena.Reset(false) }
func (a nukeArena) Close()                     { a.arena.Reset(true) }
