// SPDX-License-Identifier: Apache-2.0

// Package largeobj has the settings of an allocator's heap of large objects: blocks
// of 128 KiB and more, each of which is mapped from the kernel by itself.
//
// What the heap does stands in internal/largeheap. Its numbers are those of
// stats.Large and stats.Memory. Programs that want mappings of their own use package
// largeobj/mmap.
package largeobj
