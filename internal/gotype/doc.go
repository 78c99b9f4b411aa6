// SPDX-License-Identifier: Apache-2.0

// Package gotype reports whether values of a type contain Go pointers. Memory that the
// garbage collector does not see must not contain any.
//
//	if !gotype.Of[T]().Plain() { return ErrHasPointers }
//
//	Of[T]()          the descriptor of T, a constant where T is known
//	(*Type).Plain    whether values of the type contain no pointers: one load
//	HasPointers      the same for a reflect.Type, by examining all its parts
//
// No function returns an error. All functions are safe for concurrent use.
//
// Type has two implementations:
//
//	layout.go    the default. It reads the runtime's descriptor of the type. Since the
//	             release with generics, a descriptor begins with the size of a value and
//	             the length of its part that contains pointers. The compiler knows the
//	             address and the fields, so in code that names T the check costs one
//	             instruction or none. If the layout ever changes, the program panics at
//	             its start.
//	portable.go  build tag ashlar_portable. It asks package reflect once for each type,
//	             and does not depend on the runtime.
package gotype
