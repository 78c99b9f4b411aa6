// SPDX-License-Identifier: Apache-2.0

// Package pagemap is the map from heap pages to their owners, one for the process. It leads
// from any address to the descriptor of the span or large object that the address is in.
//
// # Structure
//
// A two-level radix tree over the page number (sizeclass.PageShift bits are the
// offset in the page). With 48 bits of user address:
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
// published before the first of its blocks is handed out, and removed after the last one was
// freed. So a caller that has a valid pointer always sees the entry. Only the owner of the
// pages calls Set.
package pagemap
