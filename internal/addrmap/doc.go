// SPDX-License-Identifier: Apache-2.0

// Package addrmap is a hash table from addresses to structs that live in metadata, off the
// Go heap.
//
//	type sample struct {
//		addrmap.Entry // first field
//		size uintptr
//	}
//	var m addrmap.Map[sample]
//	if at := m.Add(addr); at != 0 { // 0: no memory
//		raw.At[sample](at).size = size
//	}
//	at := m.Find(addr) // 0: not there
//
// The only failure is that Add returns 0 for lack of memory. A Map is not safe for concurrent
// use: the caller guards it with a lock.
//
// # Structures
//
//	Map[T]   the table; T is a struct that begins with an Entry
//	segment  512 heads of chains
//	spare    entries that are in no chain, for the next calls of Add
//
//	heads = segments · 512, a power of two
//	entry e is in the chain hash(e.Addr) mod heads
//
// The table doubles when the chains have one entry on average: it adds segments, and splits
// each chain by one more bit of the hash. Entries never move.
package addrmap
