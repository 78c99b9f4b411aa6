// SPDX-License-Identifier: Apache-2.0

package arena_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ashlar-go/ashlar/arena"
)

type point struct{ X, Y int }

// Clone copies values that must outlive the arena.
func Example() {
	a := arena.NewArena()
	defer a.Free()
	p := arena.New[point](a)
	p.X = 3
	s := arena.MakeSlice[point](a, 0, 10)
	s = arena.Append(a, s, *p, point{4, 5})
	result := arena.Clone(s)
	fmt.Println(result)
	// Output: [{3 0} {4 5}]
}

// A server keeps one arena for each worker, and resets it after each request.
func ExampleArena_Reset() {
	a := arena.NewArena()
	defer a.Free()
	for _, request := range []string{"a b c", "d e", "f"} {
		words := arena.MakeSlice[int32](a, 0, 64)
		for word := range strings.FieldsSeq(request) {
			words = arena.Append(a, words, int32(word[0]))
		}
		fmt.Println(words)
		a.Reset()
	}
	// Output:
	// [97 98 99]
	// [100 101]
	// [102]
}

type node struct {
	Key         string
	Left, Right *node
}

// A tree with all nodes and texts in one arena.
func ExampleNewLinked() {
	a := arena.NewArena()
	defer a.Free()
	root := arena.NewLinked[node](a)
	root.Key = arena.CloneString(a, "root")
	root.Left = arena.NewLinked[node](a)
	fmt.Println(a.Audit())

	root.Right = &node{Key: "in the Go heap"}
	var e *arena.LinkError
	fmt.Println(errors.As(a.Audit(), &e), e.Type, e.Path)
	// Output:
	// <nil>
	// true arena_test.node Right
}
