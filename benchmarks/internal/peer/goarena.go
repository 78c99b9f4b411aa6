// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.arenas

package peer

import (
	"arena"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

func init() {
	register(Kind{
		Name: GoArena, About: "the standard library's experimental arena, freed after each round", Rank: 95,
		Arenas: func() func() suite.Arena {
			return func() suite.Arena { return &goArena{arena.NewArena()} }
		},
	})
}

// goArena is the standard library's experimental arena. It has no reset: Reset frees it and makes
// another one.
type goArena struct{ arena *arena.Arena }

func (a *goArena) Node() *suite.Node   { return arena.New[suite.Node](a.arena) }
func (a *goArena) Tower() *suite.Tower { return arena.New[suite.Tower](a.arena) }
func (a *goArena) Bytes(n int) []byte  { return arena.MakeSlice[byte](a.arena, n, n) }
func (a *goArena) Close()              { a.arena.Free() }

func (a *goArena) Links(n int) []*suite.Tower {
	return arena.MakeSlice[*suite.Tower](a.arena, n, n)
}

func (a *goArena) Reset() {
	a.arena.Free()
	a.arena = arena.NewArena()
}
