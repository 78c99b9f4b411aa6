// SPDX-License-Identifier: Apache-2.0

package peer

import "unsafe"

// A Batch is a Handle whose allocator has calls for several blocks.
type Batch interface {
	// MallocBatch fills blocks with new blocks.
	MallocBatch(blocks []unsafe.Pointer, size int)
	// FreeBatch frees the blocks.
	FreeBatch(blocks []unsafe.Pointer)
}

var (
	_ Batch = (*ashlarHandle)(nil)
	_ Batch = (*ashlarLocalHandle)(nil)
)

func (h *ashlarHandle) MallocBatch(blocks []unsafe.Pointer, size int) {
	orPanic(h.allocator.MallocBatch(size, blocks))
}

func (h *ashlarHandle) FreeBatch(blocks []unsafe.Pointer) { h.allocator.FreeBatch(blocks) }

func (h *ashlarLocalHandle) MallocBatch(blocks []unsafe.Pointer, size int) {
	orPanic(h.local.MallocBatch(size, blocks))
}

func (h *ashlarLocalHandle) FreeBatch(blocks []unsafe.Pointer) { h.local.FreeBatch(blocks) }
