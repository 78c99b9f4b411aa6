// SPDX-License-Identifier: Apache-2.0

// Package swissmem puts the tables of github.com/cockroachdb/swiss, a generic hash
// map that takes an allocator, where the garbage collector does not see them. Its interface
// has no errors: a lack of memory panics with an *alloc.Error, as make would panic, and a
// mistake with an *alloc.MisuseError. New returns an error for a type with Go pointers.
//
// An Allocator has the methods of swiss.Allocator for the groups of one type of map:
//
//	table, err := swissmem.New[swiss.Group[uint64, Position]](nil)
//	m := swiss.New[uint64, Position](0, swiss.WithAllocator[uint64, Position](table))
//	defer m.Close() // gives the table back
//
// The whole table lies off the Go heap: a map with a hundred million entries costs
// the collector nothing. New refuses keys and values that hold Go pointers, with
// alloc.ErrHasPointers and the name of the type; strings and slices are such.
//
// # Strings
//
// A map from strings is a map from numbers: intern the strings (each distinct one
// gets a number, and its bytes lie off the Go heap), or keep their bytes in an arena
// and use where they begin there. Keys of a bounded length fit in an array, such as
// [32]byte, which holds no pointers.
//
// # Misuse
//
// A map that is dropped without Close keeps its table for ever. A map that is used
// after Close makes a new table, as swiss has it. An iteration reads tables that
// were replaced when the map grew meanwhile: swiss frees these at once, so do not
// put into a map while All iterates over it.
package swissmem
