// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable

package gotype

import (
	"reflect"
	"unsafe"
)

// A Type is the beginning of the runtime's descriptor of a type (internal/abi, Type).
// Descriptors are static data made by the compiler.
type Type struct {
	size         uintptr // size of a value in bytes
	pointerBytes uintptr // length in bytes of the part of a value that contains pointers
}

// pointerType is the runtime's descriptor of a pointer type (internal/abi, PtrType).
type pointerType struct {
	_    [4*wordSize + 16]byte
	elem *Type
}

const wordSize = unsafe.Sizeof(uintptr(0))

// boxed is the layout of an any.
type boxed[D any] struct {
	descriptor *D
	_          unsafe.Pointer
}

// Of returns the descriptor of T. It takes the descriptor of *T first, which needs no
// value of T.
func Of[T any]() *Type {
	e := any((*T)(nil))
	return (*boxed[pointerType])(unsafe.Pointer(&e)).descriptor.elem
}

// Plain reports whether values of the type contain no Go pointers.
func (t *Type) Plain() bool { return t.pointerBytes == 0 }

// Reflect returns the reflect.Type of the type.
func (t *Type) Reflect() reflect.Type {
	var e any
	(*boxed[Type])(unsafe.Pointer(&e)).descriptor = t
	return reflect.TypeOf(e)
}

// The layout is accepted only if it gives the right answers for these types.
func init() {
	if !truthful[byte]() || !truthful[[3]uint64]() || !truthful[struct{ a, b int32 }]() ||
		!truthful[*int]() || !truthful[string]() || !truthful[struct {
		a int
		b []byte
	}]() || !truthful[[0]string]() || !truthful[any]() {
		panic("ashlar: this release of Go has a different layout of type descriptors: build with the tag ashlar_portable")
	}
}

func truthful[T any]() bool {
	t, want := Of[T](), reflect.TypeFor[T]()
	return t.size == want.Size() && t.Plain() == !HasPointers(want) && t.Reflect() == want
}
