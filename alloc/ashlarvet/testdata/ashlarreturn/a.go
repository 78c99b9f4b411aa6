// SPDX-License-Identifier: Apache-2.0

package ashlarreturn

import "github.com/ashlar-go/ashlar/arena"

type point struct{ x, y int }

func outlives() *point {
	a := arena.NewArena()
	defer a.Free()
	p := arena.New[point](a)
	return p // want `this memory is gone when the function returns: Free of the arena a is deferred`
}

func atOnce() ([]int, error) {
	a := arena.NewArena()
	defer a.Free()
	return arena.MakeSlice[int](a, 1, 1), nil // want `this memory is gone when the function returns`
}

func cloned() *point {
	a := arena.NewArena()
	defer a.Free()
	return arena.Clone(arena.New[point](a))
}

func callers(a *arena.Arena) *point { return arena.New[point](a) }

func value() point {
	a := arena.NewArena()
	defer a.Free()
	p := arena.New[point](a)
	return *p
}

func inner() func() *point {
	a := arena.NewArena()
	return func() *point {
		p := arena.New[point](a)
		return p
	}
}
