// SPDX-License-Identifier: Apache-2.0

// Package gotype tells whether values of a type hold Go pointers, which memory that
// the collector does not see must not hold.
//
//	Of[T]()          the descriptor of T, a constant where T is known
//	(*Type).Plain    whether values of the type hold no pointers: one load
//	HasPointers      the same for a reflect.Type, by looking at all its parts
//
// There are two implementations of Type:
//
//   - layout.go (the default) reads the runtime's own descriptor of the type, which
//     begins with the size of a value and the length of the part of it that holds
//     pointers, as it has in every release since generics. The compiler knows both
//     addresses and fields of descriptors: in code that names T the check costs an
//     instruction or nothing. The program does not start if the layout has changed.
//   - portable.go (build tag ashlar_portable) asks package reflect, once for each
//     type, and needs nothing of the runtime.
package gotype
