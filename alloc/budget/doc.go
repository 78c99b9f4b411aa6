// SPDX-License-Identifier: Apache-2.0

// Package budget keeps the Go heap and off-heap memory under one limit. GOMEMLIMIT
// counts the Go heap only; a process is killed for the sum. Its functions return errors
// and panic for nothing; an allocation beyond the limit fails with alloc.ErrLimit.
//
//	b, err := budget.Start(budget.Options{}) // the control group's limit
//	...
//	defer b.Stop()
//	a, err := b.NewAllocator(alloc.Options{})
//
// # How the limit is divided
//
//	┌───────────────┬──────────┬──────────────────────────────────┬─────────┐
//	│ off-heap now  │ headroom │ limit of the Go heap             │ reserve │
//	└───────────────┴──────────┴──────────────────────────────────┴─────────┘
//	└─ limits of the allocators ┘
//
//	Σ limits of allocators + metadata + Go limit + reserve = limit    unless the Go heap is at its floor
//	Go limit ≥ floor
//	Σ limits of allocators + metadata ≤ limit − reserve − floor
//	Σ limits of allocators + metadata + what the Go heap holds + reserve ≤ limit
//	headroom = half of what neither needs: the Go heap has the other for its garbage
//
// A Balancer looks ten times a second: it moves debug.SetMemoryLimit down as off-heap
// memory grows and up as it shrinks, and the limits of the allocators the other way.
// An Allocator from NewAllocator that grows faster than that reaches its limit and makes
// the Balancer look at once: the sum holds at every moment, and not only after a look. The
// allocation that waits then gets what it needs, however many other members there are;
// what is left of the headroom is divided evenly. The limit of memory that was made
// elsewhere, and that Add added, is moved by the looks alone: a burst fails with ErrLimit
// that would have had room.
//
// An Allocator that is closed is removed by the next look.
//
// When too little is left for an allocation, what is freed and retained off the heap
// is purged first, then the Go heap is collected and its free memory returned. If that
// is not enough the allocation fails with ErrLimit: the program decides, not the kernel.
// Purging and collecting take a tenth of the time at most; in between allocations fail
// that a collection might have made room for.
//
// # Pressure
//
// Retained memory is purged as well when less than a sixteenth of the limit is unused,
// or when the kernel reports that tasks wait for memory (PSI): of the control group,
// else of the machine.
//
// # What is counted
//
// Off-heap: the footprints of the allocators that were added, and the metadata of the
// process. The Go heap: what GOMEMLIMIT counts, that is all that the runtime mapped
// less what it gave back. The reserve is for what nobody counts: the program's text
// and data, mapped files, memory of C libraries.
//
// # Caveats
//
// One Balancer for a process: two would move the same limits. The Go memory limit is
// soft: a heap that is live beyond it stays. The floor keeps the collector from
// running all the time in a heap that cannot become smaller; off-heap memory never
// gets what is below it.
package budget
