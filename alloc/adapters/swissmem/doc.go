// SPDX-License-Identifier: Apache-2.0

// Package swissmem puts the tables of github.com/cockroachdb/swiss off the Go heap, where the
// garbage collector does not see them. swiss is a generic hash map that takes an allocator.
// Its interface has no errors: a lack of memory panics with an *alloc.Error, and a mistake with
// an *alloc.MisuseError. New returns an error for a type with Go pointers.
//
// An Allocator has the methods of swiss.Allocator for the groups of one type of map:
//
//	table, err := swissmem.New[swiss.Group[uint64, Position]](nil)
//	m := swiss.New[uint64, Position](0, swiss.WithAllocator[uint64, Position](table))
//	defer m.Close() // gives the table back
//
// The whole table lies off the Go heap, so a map with a hundred million entries costs the
// collector nothing. New returns alloc.ErrHasPointers if keys or values hold Go pointers, as
// strings and slices do.
//
// An Allocator is safe for concurrent use, by any number of maps. Alloc panics with an
// *alloc.Error if there is no memory, because swiss's interface has no error result.
//
// # Strings
//
// For a map with string keys, use numbers as keys. Intern the strings: each distinct string
// gets a number, and its bytes lie off the Go heap. Or keep the bytes in an arena, and use
// their offset as the key. Keys of a bounded length can be arrays, such as [32]byte, which
// hold no pointers.
//
// # Misuse
//
// A table leaks if its map is dropped without Close. A map that is used after Close makes a
// new table; that is swiss's behaviour.
//
// An iteration by All reads freed memory if the program puts into the map meanwhile, because
// swiss frees the old table at once when the map grows.
package swissmem
