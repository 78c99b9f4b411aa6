// SPDX-License-Identifier: Apache-2.0

// Package tenancy is what an allocator and the arenas in its memory know of each
// other. Package arena imports package alloc, and not the reverse: an allocator
// sees its arenas as tenants, and an arena reaches what is not in an allocator's
// public interface through a Host.
//
//	Host     an allocator, as an arena sees it
//	Tenant   an arena, as an allocator sees it
//	Register an allocator's list of its tenants, and of those that were dropped
//
// # Locking
//
// A Register has a mutex of its own. None of its methods calls a tenant with the
// mutex held.
package tenancy
