// SPDX-License-Identifier: Apache-2.0

// Package mmap makes every kind of mapping an object with a length, a Region: private
// memory, files, memory that processes share, and secret memory for keys.
//
//	r, err := mmap.MapFile("words.txt", mmap.FileOptions{})
//	if err != nil {
//		return err
//	}
//	defer r.Close()
//	return r.Catch(func(b []byte) error {
//		lines = bytes.Count(b, []byte{'\n'})
//		return nil
//	})
//
// What there is to map:
//
//	Map            private memory, zeroed; with MapOptions.Secret, memory for keys
//	MapFile        a file or a window of it: read-only, shared, or copy on write
//	MapOpenFile    the same, of an open *os.File
//	MapShared      an object that processes share: by name in /dev/shm, or a memfd
//	MapInherited   the same, by a descriptor that the process was given
//
// What there is to do with a Region:
//
//	Bytes, Len                    its memory and its length
//	Catch                         use the memory; a fault becomes an error
//	Resize                        change the length, without copying
//	Refresh                       take over the length that others gave the file or object
//	Advise, Lock, Protect, Sync   madvise, mlock, mprotect, msync, also of a part
//	File                          a descriptor for another process
//	Close                         give the memory back
//
// Catch, the function, turns a fault in any region into an error. Regions lists the open
// regions, and Sum adds them up.
//
// A failing call returns an *Error, which wraps one of the causes that begin with Err, or
// one of package io/fs. Nothing in this package panics for lack of memory or because of
// what the kernel refuses. It runs on Linux; elsewhere the error is ErrUnsupported.
//
// # Caveats
//
//   - The slice that Bytes returned must not be used after Resize or Close. An access to it
//     is a fault then, or reaches something else's memory. Inside Catch that cannot happen.
//   - Outside Catch a fault ends the program. Read a file that others may make shorter
//     inside Catch.
//   - The garbage collector does not see the memory: it may hold no Go pointers. Nor does it
//     free a Region that the program forgets to close.
//   - The bytes of a file or shared object change when others write them. Copy what you
//     check before you check it.
//   - The race detector sees no accesses by other processes.
//
// # Structures
//
//	Region    a handle: what it shows, a gate, a frame, a length
//	gate      calls that use the mapping run at the same time, those that change it alone
//	frame     the body, and with guard pages an inaccessible mapping on either side
//	header    the 64 bytes in front of the bytes of a Region that shows no file
//	list      descriptions of all open Regions: for Regions, and to describe faults
//	refusals  address space that the kernel refused to take back, to be tried again
//	growth    what a call added to the length of a file, to be taken away if it fails
//
// # Layout
//
// A Region that shows no file, in memory and in a shared object alike:
//
//	 body                              Bytes                                  whole pages
//	 ▼                                 ▼                                                ▼
//	┌───────┬───────────────┬──────────┬─────────────────────────────────┬──────┬───────┐
//	│ guard │ unused        │ header   │ length bytes                    │ rest │ guard │
//	│ page  │ page − 64     │ 64 bytes │ zeroed when they are new        │      │ page  │
//	└───────┴───────────────┴──────────┴─────────────────────────────────┴──────┴───────┘
//	 optional                                                                   optional
//
// The header, eight words of 64 bits in the machine's order:
//
//	 0 magic    "ashlarRG" on little-endian machines
//	 8 version  1
//	16 lead     bytes from the beginning of the object to Bytes: the page size
//	24 length   length of the Region: 48 bits, and above them 16 to check them by
//	32 seal     drawn at random when the Region was made
//	40 check    mixed from the words above, except the length
//	48 canary   the complement of check
//	56 canary   the same: where an underflow strikes first
//
// A Region that shows a file has no header. Its bytes are those of the file from Offset on:
// they begin with the body, or inside its first page. A Region of explicit huge pages has no
// header either, because a page in front of it would be a huge one.
//
// # Equations
//
// For each Region and, as sums, for Totals:
//
//	body     = lead + length, rounded up to pages (more if the kernel refused to unmap the rest)
//	Bytes    = body + lead, a multiple of Align (for a file, body is)
//	Mapped   = guards + body
//	Mappings = 1, or 3 with guards
//	Charged  = body if only swap can take its pages: private and shared memory, and
//	           FileCopyOnWrite; else 0
//	mapped by the vm.Space = Σ Mapped + Refused
//	header of private memory = what the handle knows
//	header of a shared object: its words agree, and lead + length ≤ size of the object
//
// # How regions are made and resized
//
// The kernel maps the body wherever it likes. If the body needs guard pages or an alignment,
// the Region reserves a place and moves the body there by mremap. So all kinds of memory are
// treated alike, and no address is ever without an owner in between. Name, huge pages and
// locks come after that. Resize does the same with pages that exist. If anything fails, all
// is given back; what the kernel refuses to take back is left to refusals.
//
// MapShared makes an object without a name, completes it, and then links it to its name: so
// nobody opens half of one, and of two makers one wins. Resize changes the length of an
// object under the file's lock (flock), which a dying process cannot keep, and by one store:
// a process that is killed leaves the old length or the new one. Objects are 0600, and
// MapShared refuses one that another user owns or may open.
//
// Regions change the length of a file under a lock that all regions of the file use (an
// open-file-description lock far beyond the end of any file).
//
// # Locking
//
//	gate.mu      counts users; held for moments
//	the gate     frame and length of a Region change only while one call is alone inside
//	Region.mu    guards protected and locked among calls that are inside together
//	list.mu      a leaf, except that describing a fault asks the kernel for the length of a file
//	refusals.mu  a leaf
//
// Catch is inside the gate as a user: Resize and Close wait for it, and methods called by its
// function do not wait for those.
package mmap
