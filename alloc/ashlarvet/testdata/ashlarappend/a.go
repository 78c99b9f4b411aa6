// SPDX-License-Identifier: Apache-2.0

package ashlarappend

import (
	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
)

type table struct {
	rows  []int
	plain []int
}

func variables(a *alloc.Allocator, r *arena.Arena) {
	s, err := alloc.MakeSlice[int](a, 0, 8)
	if err != nil {
		return
	}
	s = append(s, 1)     // want `append moves s to the Go heap when it grows, and its block is lost: use alloc.Append`
	s = append(s[:1], 1) // want `append moves s to the Go heap`
	_ = append(s[:0:0], 1)
	alloc.FreeSlice(a, s)

	t := arena.MakeSlice[int](r, 0, 8)
	t = append(t, 1) // want `append moves t to the Go heap when it grows, and its block is lost: use arena.Append`

	var plain []int
	plain = append(plain, s...)
	plain = append(plain, t...)
}

func fields(a *alloc.Allocator, t *table) {
	t.rows, _ = alloc.MakeSlice[int](a, 0, 8)
	t.rows = append(t.rows, 1) // want `append moves rows to the Go heap`
	t.plain = append(t.plain, 1)
}
