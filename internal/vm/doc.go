// SPDX-License-Identifier: Apache-2.0

// Package vm contains all kernel calls of the module: memory, and the files that mappings
// show. Packages above it call no kernel function themselves.
//
//	var s vm.Space                          // an account; usually one per allocator
//	m, start, err := s.Map(size, align)     // clean memory at start
//	err = s.Charge(size)                    // before it gets dirty; ErrLimit
//	...
//	err = s.Purge(start, size, false)       // the RAM goes back, the range stays
//	s.Refund(size)
//	err = s.Release(m)                      // the address space goes back
//
// Every call can fail and returns an error that wraps the kernel's own. Where a caller
// can act on an error, it also wraps a sentinel such as ErrOutOfMemory or ErrLimit. No
// function panics. A Space is safe for concurrent use; its owner must not release a range
// while another goroutine uses it.
//
// # States
//
// A byte of address space is in one of these states, as its owner sees it:
//
//	          Reserve             Place
//	none ───────────────► reserved ────► part of a mapping, or a guard next to it
//	  ▲
//	  │      Map, MapKind             first write
//	none ──────────────────► mapped, clean ─────────────► dirty
//	  ▲                        ▲     │                     │ │
//	  │                        └─────│──────── Purge ──────┘ │
//	  └───── Release ────────────────┴───────────────────────┘
//
// Clean memory can be read and written, reads as zeros, and occupies no RAM. Dirty memory
// occupies RAM. A page becomes dirty when it is first written. The owner cannot see that
// moment, so it counts a page as dirty as soon as a user has it.
//
// Memory is mapped readable and writable at once, with MAP_NORESERVE. It is not reserved
// first and committed in steps, because each step would cost a call and a split mapping,
// and clean pages cost nothing. Only two kinds of mappings are placed in a reservation:
// those that need inaccessible neighbours, and those that need an alignment above the
// page size.
//
// A mapping of a file (MapKind) is clean where it shows the file's contents.
// Independently of this, pages of any mapping may be
//
//	guarded    inaccessible and empty, from Guard to Unguard
//	protected  inaccessible or read-only, by Protect; they keep their contents
//	locked     kept in RAM, from Lock to Unlock
//
// # Files of this package
//
//	space.go    the account; Map, Release, Purge, Remap
//	clear.go    zeroing: by writing, or by purging ranges with few pages in RAM
//	kind.go     all other kinds of mappings; reservations, and moving into them
//	advise.go   madvise; guard.go: pages without access; lock.go: mlock, msync, names
//	file.go     files, memfds, secret memory, inherited descriptors
//	file_length.go  space beyond a file's end, the lock of its length, its directory entry
//	file_io.go  reading and writing files; which pages of a private mapping are copies
//	able.go     the features of the sources
//	memory_limit.go  how much memory the system lets the process have
//	op.go       the kinds of calls, and how tests make them fail
//
// # Accounting
//
// Each owner (an allocator, the metadata of the process, its regions) has a Space and
// makes every call through it. A Space counts bytes and kernel calls:
//
//	mapped    = Σ sizes of its mappings and reservations
//	footprint = Σ bytes that its owner has charged: those that may be dirty
//	footprint ≤ mapped
//	footprint ≤ limit, if there is one
//	mappings  = mappings made and not released + 2 for each guard made by mprotect
//
// The footprint is an upper bound of what the mappings add to the resident set of the
// process, also where the system uses transparent huge pages everywhere: there, and while the
// mappings are few, they are advised against them (smallpages.go). The limit applies to it. The
// owner calls Charge before a user gets clean pages, and Refund after it has purged or released
// them. If the kernel may still refuse the memory, the owner calls Acquire first: acquired bytes
// count for the limit, but not for the peak. Pages of a file on a disk are not charged, because the
// kernel can write them back.
//
// # Failure
//
// Tests make every call fail (Inject), and repeat what failed while the failures last and
// once more afterwards (Insist). A failed call loses no memory: Release returns its
// error, and the mapping still belongs to its owner. For example, munmap returns ENOMEM
// if it would split a mapping and exceed vm.max_map_count; the kernel merges adjacent
// mappings, so any munmap may be such a split.
//
// The sentinels distinguish a kernel that lacks a call from a call that does not apply to
// a mapping. They also distinguish the limit of locked memory from a lack of memory.
//
// # Sources
//
// Each source has its own set of files, and answers what it can do: Able, with the list of
// features in able.go. Packages above ask for a feature and never for a system. The
// features are constants, so that the compiler drops the paths that a platform does not
// need. What a source lacks returns an error that names the feature and the platform.
//
//	*_linux.go    Linux
//	posix*.go     the calls that all POSIX systems have; on Linux with the tag ashlar_posix
//	*_unix.go     what both have in common: files and their errors
//	windows*.go   Windows: reservations, views of files, locks of bytes far beyond a file's end
//	heap*.go      the Go heap (counted by go_memory.go), for platforms without these calls; anywhere with the tag ashlar_heap
//	nofiles.go    what the Go heap answers instead; without.go: what it and Windows do
//
// # Windows
//
// A reservation and a view of a file are released as a whole. Both begin at multiples of 64 KiB,
// which is more than a page; windows_view.go says how a mapping begins at any page of a file
// all the same. A view ends with its file, and while the file has a view, nobody can make it
// shorter. So whoever cuts a file off unmaps it first, and maps it again (FilesAhead). Nor does the
// system remove the only name of a mapped file; windows_name.go says how the name goes all the same.
// Inaccessible memory is only reserved; Protect commits it when it becomes accessible, and may
// therefore run out of memory.
//
// The system promises committed memory: the memory of all processes that is committed, written or
// not, fits into RAM and the paging files. So clean memory takes no RAM, but a share of that limit, and so does
// a private view of a file. Purge gives the share back for a moment only.
//
// Anonymous memory is placed in a reservation by committing a part of it. A file is placed by
// replacing a placeholder, which the system has from Windows 10 1803 on; before, Reserve returns
// an error (windows_place.go).
//
// Race builds take the memory of blocks from the Go heap on every system (source_race.go).
package vm
