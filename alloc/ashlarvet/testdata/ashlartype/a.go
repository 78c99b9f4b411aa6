// SPDX-License-Identifier: Apache-2.0

package ashlartype

import (
	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
)

type (
	good struct {
		a [4]int
		b float64
		c uintptr
	}
	named struct {
		id   int
		name string
	}
	nested struct{ in [2]named }
	empty  struct{ none [0]*int }
)

func helpers(a *alloc.Allocator, r *arena.Arena) {
	_, _ = alloc.New[good](a)
	_, _ = alloc.New[empty](a)
	_, _ = alloc.New[named](a)              // want `named holds Go pointers \(field name: string\)`
	_, _ = alloc.New[nested](a)             // want `nested holds Go pointers \(field in: field name: string\)`
	_, _ = alloc.MakeSlice[[]byte](a, 1, 1) // want `\[\]byte holds Go pointers`
	_, _ = alloc.MakeSlice[any](a, 1, 1)    // want `any holds Go pointers`
	_ = arena.New[map[int]int](r)           // want `map\[int\]int holds Go pointers`
	_ = arena.New[good](r)
	words := []string{"a"}
	_, _ = alloc.Append(a, nil, words...) // want `string holds Go pointers`
}

func generic[T any](a *alloc.Allocator) { _, _ = alloc.New[T](a) }
