// SPDX-License-Identifier: Apache-2.0

// Package budget keeps the Go heap and off-heap memory under one limit. GOMEMLIMIT counts
// the Go heap only, but the kernel kills a process for the sum. Its functions
// return errors and do not panic; an allocation beyond the limit fails with alloc.ErrLimit.
//
//	b, err := budget.Start(budget.Options{}) // no Limit: the system's, such as the control group's
//	if err != nil {
//		return err
//	}
//	defer b.Stop()
//	a, err := b.NewAllocator(alloc.Options{})
//
// An allocation that does not fit into the budget fails with alloc.ErrLimit. Start returns
// ErrNoLimit if there is no limit, and ErrTooSmall if the limit is too small. The package does
// not panic. All methods of a Balancer are safe for concurrent use.
//
// Two Balancers in one process set the same limits against each other. Start only one.
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
//	Σ limits of allocators + metadata + bytes that the Go heap holds + reserve ≤ limit
//	headroom = half of the memory that neither side needs; the other half is for Go garbage
//
// A Balancer looks ten times a second. When off-heap memory grows, it lowers
// debug.SetMemoryLimit and raises the limits of the allocators. When off-heap memory shrinks,
// it does the opposite.
//
// An Allocator from NewAllocator that grows faster reaches its limit between two looks, and
// makes the Balancer look at once. So the equations hold at every moment, and not only after
// a look. The waiting allocation is served first, however many members there are. The rest
// of the headroom is divided evenly.
//
// An allocation from memory that Add added can fail with ErrLimit though the budget has room,
// because only looks move the limit of such memory. A look also removes closed Allocators.
//
// On platforms without memory outside the Go heap, blocks are Go memory, and stay in RAM when they
// are freed. debug.SetMemoryLimit counts them, so what a Balancer passes to it is higher by all
// memory for blocks. What the table calls the limit of the Go heap is without it:
//
//	debug.SetMemoryLimit = Go limit + memory for blocks
//	Go limit ≤ limit − reserve − highest Σ footprints + metadata    unless the Go heap is at its floor
//
// # When memory is short
//
// If an allocation does not fit, the Balancer first purges freed memory that allocators
// retain. Then it collects the Go heap and returns its free memory to the kernel. If that is
// not enough, the allocation fails with ErrLimit, and the program decides what to free.
//
// An allocation can fail though a collection would make room, because purging and collecting
// take at most a tenth of the time.
//
// The Balancer also purges retained memory when less than a sixteenth of the limit is unused,
// or when the kernel reports that tasks wait for memory (PSI). It reads the pressure of the
// control group, or of the machine if there is no control group.
//
// # What is counted
//
//   - Off-heap memory: the footprints of all members, and the metadata of the process.
//   - Go heap: the bytes that GOMEMLIMIT counts, which are all that the runtime has mapped
//     and not given back, except for memory for blocks.
//   - Reserve: memory that nobody counts, such as the program's text and data, mapped files,
//     and memory of C libraries.
//
// The sum exceeds the limit if the live part of the Go heap exceeds its share, because the Go
// memory limit is soft. The floor is the smallest limit that the Go heap gets. It prevents
// the collector from running all the time in a heap that cannot become smaller.
package budget
