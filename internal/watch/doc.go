// SPDX-License-Identifier: Apache-2.0

// Package watch tells the race detector who may use which block, in builds that
// have it (-race). In others Enabled is a false constant and the calls compile to
// nothing.
//
// The detector follows addresses of Go's heap only. In race builds package vm
// therefore takes the memory of blocks from there, and a program's races on its
// blocks are reported like those on any Go object. Metadata stays where the
// detector does not look, and so do files and shared memory.
//
// # What the detector has to be told
//
// Caches pass blocks from goroutine to goroutine without a lock or an atomic
// operation: whoever runs on a processor has the processor's cache. The detector
// knows nothing of that and would take the new owner's first write for a race with
// the former owner's last. So, with the block's own address as the token:
//
//	Free, park      Release(block)   what its user did is over
//	Malloc, unpark  Acquire(block)   for whoever gets it next
//
// When memory takes another shape (a span's pages, a region, a mapping), blocks
// begin at other addresses. It is everybody's former uses that are over then:
//
//	Free, park                            Release(block) releases Reshape's token too
//	a new span, region or mapping         Reshape() acquires it
//	carving a block from a span           Release(block), by the one who carves
//
// Both tokens order no more than the allocator itself does: a free happens before
// the allocation that reuses the memory. They do not order two goroutines that
// merely allocate and free, and so hide no race between them.
package watch
