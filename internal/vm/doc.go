// SPDX-License-Identifier: Apache-2.0

// Package vm is the only code that asks the kernel for memory, and for the files
// that mappings show.
//
// # States
//
// A byte of address space is, for its owner, in one of these states:
//
//	          Reserve             Place
//	none ───────────────► reserved ────► part of a mapping, or a guard beside it
//	  ▲
//	  │      Map, MapKind             first write
//	none ──────────────────► mapped, clean ─────────────► dirty
//	  ▲                        ▲     │                     │ │
//	  │                        └─────│──────── Purge ──────┘ │
//	  └───── Release ────────────────┴───────────────────────┘
//
// Clean memory is readable and writable, reads as zeros and costs nothing until
// it is written; dirty memory occupies RAM. The kernel keeps the difference
// between clean and dirty by the page, the owner by what it handed out: a page
// given to a user counts as dirty from that moment.
//
// Memory is mapped readable and writable at once, with MAP_NORESERVE, and not
// first reserved and then committed in steps: committing would cost a call and
// a split mapping a step, and a clean page costs nothing anyway. Only mappings
// that need neighbours without access, or an alignment beyond the page whatever
// they show, take their place in a reservation.
//
// A mapping of a file (MapKind) is clean where it shows what the file says. Across
// this, pages of any mapping may be
//
//	guarded    inaccessible and empty, by Guard, until Unguard
//	protected  inaccessible or read-only, by Protect, with their contents
//	locked     kept in RAM, by Lock, until Unlock
//
// # Subjects
//
//	space.go    the account; Map, Release, Purge, Remap
//	clear.go    zeros: by writing, or by purging what is hardly used
//	kind.go     mappings of every other kind; reservations, and moving into them
//	advise.go   madvise; guard.go: pages without access; lock.go: mlock, msync, names
//	file.go     what mappings show: files, memfds, secret memory, inherited descriptors
//	file_length.go  space beyond a file's end, the lock of its length, its directory entry
//	file_io.go  reading and writing files, and which pages of a private mapping are copies
//	op.go       the kinds of calls, and how tests make them fail
//
// # Accounting
//
// Each owner (an allocator, the metadata of the process, its regions) has a Space,
// and every call goes through one. A Space counts bytes and kernel calls once, for
// everyone:
//
//	mapped    = Σ sizes of its mappings, reservations among them
//	footprint = Σ bytes its owner has charged: those that may be dirty
//	footprint ≤ mapped
//	footprint ≤ limit, where there is one
//	mappings  = those made and not released + 2 for each guard made by mprotect
//
// The footprint is an upper bound of what the mappings contribute to the
// process' resident set, and it is what a limit limits: the owner calls Charge
// before it hands clean pages out and Refund after it purged or released them. What
// the kernel may still refuse is held first (Hold): it is in no peak unless it came.
// Pages of a file on a disk are not charged: the kernel can write them back.
//
// # Failure
//
// Every call can fail, and tests make each of them fail (Inject). No call here
// loses memory: Release returns its error and the mapping stays the owner's. In
// particular munmap returns ENOMEM when cutting a mapping out of the middle of
// a larger one (the kernel merges neighbours) would exceed vm.max_map_count.
//
// Errors hold the kernel's own answer, and where a caller can do something about
// it one of the sentinels: what an old kernel lacks is told apart from what does
// not suit a mapping, and the limit of locked memory from a lack of it.
//
// # Platforms
//
// One set of files for each operating system. Linux is supported; elsewhere the
// module builds and every call returns ErrUnsupported.
package vm
