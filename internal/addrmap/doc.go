// SPDX-License-Identifier: Apache-2.0

// Package addrmap is a hash table from addresses to entries that live in metadata.
//
//	Map[T]   the table; T is a struct that begins with an Entry
//	segment  512 heads of chains
//	spare    entries that are in no chain, for what is added next
//
//	heads = segments · 512, a power of two
//	entry e is in the chain hash(e.Addr) mod heads
//
// The table doubles when the chains have one entry on average: it adds segments, and splits
// each chain by one more bit of the hash. Entries never move. The caller guards a table with
// a lock of its own.
package addrmap
