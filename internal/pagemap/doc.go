// SPDX-License-Identifier: Apache-2.0

// Package pagemap maps heap pages to their owners. The process has one such map. It leads
// from any address to the descriptor of the span or large object that contains the
// address.
//
//	d := pagemap.Get(addr)                 // 0 if no heap page contains addr
//	err := pagemap.Reserve(base, size)     // may fail; Set cannot
//	pagemap.Set(base, size, descriptor)
//
// Reserve and Prepare return an error if the kernel refuses memory. No function panics.
// Get may be called at any time; see Concurrency for Set.
//
// # Structure
//
// The map is a radix tree of two levels over the page number. The offset in a page has
// sizeclass.PageShift bits. With 48 bits of user address:
//
//	address  47          35 34               13 12            0
//	        ┌──────────────┬───────────────────┬───────────────┐
//	        │ root index   │ leaf index        │ offset        │
//	        └──────────────┴───────────────────┴───────────────┘
//	             │                │
//	             ▼                ▼
//	        root[8192] ──► leaf[4194304] ──► descriptor (begins with a Header)
//	        64 KiB of         32 MiB, mapped when the first page below
//	        static zeros      it is registered; RAM as it is touched
//
// While the map has one leaf, which is so until a process has memory on both sides of a multiple of 32 GiB,
// assembly goes to the leaf without the root (Home):
//
//	Home.Index = the root index of the only leaf, or of no address
//	&entry(a)  = Home.Entries + (a >> PageShift)*8    if a >> RootShift = Home.Index
//
// A 32-bit address space has two leaves of 1 MiB. The RAM of leaves counts as metadata: 8
// bytes for each 8 KiB, charged by the kernel page when Reserve first needs it.
//
//	Get(a) ≠ 0  ⇒  the page of a is used by the descriptor at Get(a)
//
// A span is registered under each of its pages. A large object is registered only under the
// page of its first byte. Free is given that address, and no other object begins in that
// page.
//
// # Concurrency
//
// Get takes no lock and never faults, because leaves are never unmapped. An entry is
// published before the first of its blocks is allocated, and removed after the last one was
// freed. So a caller that has a valid pointer always sees the entry. Only the owner of the
// pages calls Set.
package pagemap
