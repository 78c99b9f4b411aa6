// SPDX-License-Identifier: Apache-2.0

// Package arenahost connects an allocator to the arenas that take memory from it.
// Package arena imports package alloc, and alloc cannot import arena. So alloc sees its
// arenas through the interface Arena, and arena reaches the parts of an Allocator that
// are not public through the interface Host.
//
//	host := arenahost.HostOf(allocator)          // in package arena
//	addr, zeroed, err := host.Obtain(size, align, false)
//	host.Register().Add(&a.entry, a)
//
//	Host      an allocator, as an arena sees it
//	Arena     an arena, as an allocator sees it
//	Register  an allocator's list of its live arenas, with counts of the dropped ones
//
// Obtain returns the errors of Malloc. Release panics as Free does. All functions are
// safe for concurrent use.
//
// # Locking
//
// A Register has its own mutex. No method of Register calls an Arena while it holds the
// mutex.
package arenahost
