// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.arenas

package arena

import (
	"arena"
	"testing"
)

func init() {
	experiment.news = func(b *testing.B, n int) {
		a := arena.NewArena()
		rounds(b, n, func() { a.Free(); a = arena.NewArena() }, func(k int) {
			for i := range uint64(k) {
				p := arena.New[object](a)
				p[0], p[7] = i, i
			}
		})
		a.Free()
	}
	experiment.tree = func(b *testing.B) {
		a := arena.NewArena()
		benchTree(b, func() *node { return arena.New[node](a) }, func() { a.Free(); a = arena.NewArena() })
		a.Free()
	}
	experiment.request = func() {
		a := arena.NewArena()
		for _, n := range sizes {
			touch(arena.MakeSlice[byte](a, n, n))
		}
		a.Free()
	}
}
