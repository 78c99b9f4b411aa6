// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_portable

package gotype

import (
	"reflect"
	"sync"
)

// A Type contains what reflect reports about a type.
type Type struct {
	reflect reflect.Type
	plain   bool
}

// known maps a reflect.Type to its *Type.
var known sync.Map

// Of returns the descriptor of T. Each call returns the same one.
func Of[T any]() *Type {
	r := reflect.TypeFor[T]()
	if t, ok := known.Load(r); ok {
		return t.(*Type)
	}
	t, _ := known.LoadOrStore(r, &Type{r, !HasPointers(r)})
	return t.(*Type)
}

// Plain reports whether values of the type contain no Go pointers.
func (t *Type) Plain() bool { return t.plain }

// Reflect returns the reflect.Type of the type.
func (t *Type) Reflect() reflect.Type { return t.reflect }
