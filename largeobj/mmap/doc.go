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
// To make a Region:
//
//	Map            private memory, zeroed; with MapOptions.Secret, memory for keys
//	MapFile        a file or a window of it: read-only, shared, or copy on write
//	MapOpenFile    the same, of an open *os.File
//	MapShared      an object that processes share: by name in /dev/shm, or a memfd; on other
//	               systems a file in os.TempDir
//	MapInherited   the same, by a descriptor that another process passed on
//
// To use a Region:
//
//	Bytes, Len                    its memory and its length
//	Catch                         use the memory; a fault becomes an error
//	Resize                        change the length, without copying
//	Refresh                       adopt the length that others gave the file or object
//	Advise, Lock, Protect, Sync   madvise, mlock, mprotect, msync, also of a part
//	File                          a descriptor for another process
//	Close                         give the memory back
//
// Catch, the function, turns a fault in any region into an error. Regions lists the open
// regions, and Sum adds them up.
//
// A failing call returns an *Error, which wraps one of the causes that begin with Err, or
// one of package io/fs. Nothing in this package panics for lack of memory or because the
// kernel refuses a call. The methods of a Region are safe for concurrent use. The package
// has all features on Linux. What another platform lacks returns ErrUnsupported.
//
// # Caveats
//
//   - After Resize or Close, an access to a slice that Bytes returned before is a fault, or
//     reaches other memory. This cannot happen inside Catch.
//   - A fault outside Catch ends the program. If other programs may make a file shorter, read
//     it inside Catch.
//   - Go pointers in the memory become invalid, because the garbage collector does not see
//     it. Store none. The collector does not close a Region either.
//   - The bytes of a file or shared object change when others write them. Copy the bytes
//     before you check them.
//   - The race detector does not see accesses by other processes.
//
// # Structures
//
//	Region    a handle: what it shows, a gate, a frame, a length
//	gate      calls that use the mapping run at the same time, those that change it alone
//	frame     the body, and with guard pages an inaccessible mapping on either side
//	header    the 64 bytes in front of the bytes of a Region that shows no file
//	list      descriptions of all open Regions: for Regions, and to describe faults
//	refusals  address space that the kernel refused to take back; the package tries again
//	growth    the bytes that a call added to a file, and removes if it fails
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
//	56 canary   the same; an underflow overwrites it first
//
// A Region that shows a file has no header. Its bytes are the bytes of the file from Offset
// on, and begin in the first page of the body. A Region of explicit huge pages has no header
// either, because the page in front of it would be a huge page.
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
//	header of private memory = the header computed from the Region's fields
//	header of a shared object: its words agree, and lead + length ≤ size of the object
//
// # How regions are made and resized
//
// The kernel chooses the address of the body. If the body needs guard pages or an alignment,
// the Region reserves address space and moves the body there by mremap. So all kinds of
// memory are treated alike, and other threads cannot map the addresses in between. A new
// body for transparent huge pages is mapped at its place at once, because moving it there
// would leave small pages at its ends. After that, the Region sets its name, huge pages and locks. Resize does the same with pages that
// exist. If a step fails, everything is given back. If the kernel refuses to take memory
// back, refusals tries again later.
//
// MapShared makes an object without a name, completes it, and then links it to its name. So
// nobody opens an incomplete object, and of two makers one succeeds. Resize changes the
// length of an object under the file's lock (flock), which the kernel releases when the
// process dies. It writes the length by one store, so a process that is killed leaves the old
// length or the new one. Objects have the permissions 0600, and MapShared refuses an object
// that another user owns or may open.
//
// Regions change the length of a file under a lock that all regions of the file use (an
// open-file-description lock far beyond the end of any file).
//
// # Locking
//
//	gate.mu      guards the counts of the gate; held for a few instructions
//	the gate     frame and length of a Region change only while one call is alone inside
//	Region.mu    guards protected and locked among calls that are inside together
//	list.mu      a leaf, except that describing a fault asks the kernel for the length of a file
//	refusals.mu  a leaf
//
// While Catch runs a function, it counts as a user of the gate. Resize and Close wait for
// it. The methods that the function calls do not wait for Resize and Close.
package mmap
