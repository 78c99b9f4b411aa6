// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"github.com/ashlar-go/ashlar/arena"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// AshlarArena is the name of ashlar's arena.
const AshlarArena = "ashlar-arena"

func init() {
	register(Kind{
		Name: AshlarArena, About: "arena.Arena, reset after each round", Rank: 30, Ours: true,
		Arenas: func() func() suite.Arena {
			return func() suite.Arena { return ashlarArena{arena.NewArena()} }
		},
	})
}

// ashlarArena keeps its memory for the next round when it is reset.
type ashlarArena struct{ arena *arena.Arena }

func (a ashlarArena) Node() *suite.Node   { return arena.NewLinked[suite.Node](a.arena) }
func (a ashlarArena) Tower() *suite.Tower { return arena.NewLinked[suite.Tower](a.arena) }
func (a ashlarArena) Bytes(n int) []byte  { return arena.MakeSlice[byte](a.arena, n, n) }
func (a ashlarArena) Reset()              { a.arena.Reset() }
func (a ashlarArena) Close()              { a.arena.Free() }

func (a ashlarArena) Links(n int) []*suite.Tower {
	return arena.MakeLinkedSlice[*suite.Tower](a.arena, n, n)
}
