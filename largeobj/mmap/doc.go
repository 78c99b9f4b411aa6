// SPDX-License-Identifier: Apache-2.0

// Package mmap makes every kind of mapping an object with a length, a Region:
// private memory, files, memory that processes share, and secret memory for keys.
// Regions are few, live long, and are the program's own.
//
// # Structures
//
//	Map           private memory of this process; MapOptions.Secret: for keys
//	MapFile       a file or a window of it: read-only, shared, or copy on write
//	MapShared     an object that processes share: by name in /dev/shm, or a memfd
//	MapInherited  the same by a descriptor that the process was given
//
//	Region        a handle: what is shown, a gate, a frame, a length
//	gate          calls that use the mapping run at once, those that change it alone
//	frame         up to three mappings: a guard, the body, a guard
//	header  the 64 bytes in front of the bytes of a Region that is ours
//	list    all open Regions: for Regions, and to explain faults
//	refusals      address space that the kernel did not take back, to be tried again
//
// Layout of a Region that is ours, in memory and in the object alike:
//
//	 body                              Bytes                                  whole pages
//	 ▼                                 ▼                                                ▼
//	┌───────┬───────────────┬──────────┬─────────────────────────────────┬──────┬───────┐
//	│ guard │ unused        │ header   │ as many bytes as were asked for │ rest │ guard │
//	│ page  │ page − 64     │ 64 bytes │ zeroed when they are new        │      │ page  │
//	└───────┴───────────────┴──────────┴─────────────────────────────────┴──────┴───────┘
//	 if wanted                                                                 if wanted
//
// The header, eight words of 64 bits in the machine's order:
//
//	 0 magic    "ashlarRG"
//	 8 version  1
//	16 lead     bytes from the object's beginning to Bytes: the page size
//	24 length   bytes, as last resized: 48 bits, and above them 16 to check them by
//	32 seal     drawn at random when it was made
//	40 check    mixed from the words above but the length
//	48 guard    the complement of check
//	56 guard    again: where an underflow strikes first
//
// A Region that shows a file has the file's bytes from offset 0 on, or from the
// window's, and no header; nor has one of explicit huge pages, whose page would be
// a huge one. Their Bytes begin with the body, or inside its first page where a
// window does.
//
// Equations, for each Region and, with sums, for Sum:
//
//	body  = lead + length rounded up to pages (more, when the kernel refused to cut a file's)
//	address of Bytes = body + lead, a multiple of Align (of a file: that of the body is)
//	Mapped  = guards + body        Mappings = 1, or 3 with guards
//	Charged = body if it can only be written to swap: private and shared memory, copies
//	          of a file's pages; else 0
//	mapped by the vm.Space = Σ Mapped + Refused
//	header of a private Region = what the handle knows; of a shared one: fits together,
//	          and lead + length ≤ size of the object
//
// Making one: the kernel maps the body where it likes; if it needs neighbours or an
// alignment, a place is reserved and mremap moves the body there, so that whatever
// it shows is treated alike, and no address is ever without an owner in between.
// Then come name, huge pages, locks. Resize does the same with pages that exist. If
// anything fails, all is given back; what the kernel does not take back is kept by
// refusals.
//
// Shared objects are made without a name, completed, and then linked to it, so that
// nobody opens half of one and of two makers one wins. Their length is changed under
// the file's lock (flock), which a dying process cannot keep, and by one store: a
// process that is killed leaves the old length or the new one. They are 0600 and are
// refused when another user owns or may open them. A name is removed by RemoveShared,
// or by Close if the Region was told to; a process that is killed leaves it behind.
//
// The length of a file is changed under a lock of its own (fcntl, a byte far beyond the
// end), which a dying process cannot keep either. Space is taken before the length
// grows. A call that fails asks for the length again and takes away only what it added.
//
// Locking: gate.mu counts users and is held for moments. What a Region is (frame,
// length) changes only behind a gate with nobody inside; Region.mu orders the calls
// inside that note what the pages are now. list.mu and refusals.mu are leaves,
// except that an explanation asks the kernel for the length of a file under the
// former. Catch holds the gate as a user: Resize and Close wait, and methods called
// inside do not wait for those.
//
// Caveats: Bytes after Resize or Close is a stale slice, like any in C: it faults or
// shows something else; Catch cannot be fooled like that. A Region is not closed by
// being forgotten. Bytes of a file or shared object change when others write them, so
// what was checked must be copied first. The race detector sees none of it.
package mmap
