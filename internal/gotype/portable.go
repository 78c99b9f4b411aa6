// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_portable

package gotype

import (
	"reflect"
	"sync"
)

// A Type is what is known of a type.
type Type struct {
	reflect reflect.Type
	plain   bool
}

// known has a *Type for each type that was asked for, by its reflect.Type.
var known sync.Map

// Of returns the descriptor of T, the same one at each call.
func Of[T any]() *Type {
	r := reflect.TypeFor[T]()
	if t, ok := known.Load(r); ok {
		return t.(*Type)
	}
	t, _ := known.LoadOrStore(r, &Type{r, !HasPointers(r)})
	return t.(*Type)
}

// Plain reports whether values of the type hold no Go pointers.
func (t *Type) Plain() bool { return t.plain }

// Reflect returns the type as package reflect knows it.
func (t *Type) Reflect() reflect.Type { return t.reflect }
