// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A burst is up to maxWorkerBurst blocks of one size, which a worker allocates at once and soon
// frees again: in one call or one by one, in order or backwards. That is how most programs
// use an allocator, and it costs little: only the ends of a block contain a pattern.
const (
	maxWorkerBurst = 64
	tagBytes       = 16 // at both ends of a block
)

// burst allocates a few blocks, marks all of them, verifies them, and frees them.
func (w *worker) burst() error {
	q := request{size: 1 + w.r.IntN(16<<w.r.IntN(8)), zero: w.r.IntN(8) == 0, checked: w.m.checked}
	n := 1 + w.r.IntN(maxWorkerBurst)
	if w.r.IntN(64) == 0 {
		q.size, n = sizeclass.LargeMin+w.r.IntN(64<<10), 2+w.r.IntN(3)
	}
	h, batch := w.handle(), w.r.IntN(2) == 0
	w.trace.begin("burst", 0)
	w.trace.note(q.size, n)
	blocks := w.some[:n]
	got, err := allocateAll(h, q, blocks, batch)
	if err != nil {
		if err := w.mayFail(err); err != nil {
			return err
		}
	}
	blocks = blocks[:got]
	w.lastID += got
	if err := w.tag(q, blocks); err != nil {
		return err
	}
	return w.untag(h, q, blocks, batch)
}

// allocateAll allocates a block for each element, in one call or one by one.
func allocateAll(h handle, q request, blocks []unsafe.Pointer, batch bool) (int, error) {
	switch {
	case batch && q.zero:
		return h.CallocBatch(q.size, blocks)
	case batch:
		return h.MallocBatch(q.size, blocks)
	}
	for i := range blocks {
		var err error
		if q.zero {
			blocks[i], err = h.Calloc(q.size, 1)
		} else {
			blocks[i], err = h.Malloc(q.size)
		}
		if err != nil {
			return i, err
		}
	}
	return len(blocks), nil
}

// tag checks new blocks and writes a pattern to both ends of each. It examines the size of the
// first one.
func (w *worker) tag(q request, blocks []unsafe.Pointer) error {
	if len(blocks) == 0 {
		return nil
	}
	b, err := q.block(blocks[0])
	if err != nil {
		return err
	}
	w.allocated += int64(len(blocks))
	w.inBursts += 2 * int64(len(blocks))
	w.touched += int64(len(blocks)) * min(2*tagBytes, int64(q.size))
	if b.small {
		w.allocs[b.class] += int64(len(blocks))
	}
	head, end := tagged(q.size)
	for i, at := range blocks {
		all := raw.Bytes(raw.Addr(at), uintptr(q.size))
		if raw.Addr(at)%sizeclass.Granule != 0 {
			return fmt.Errorf("size %d: got %p, block %d of a burst", q.size, at, i)
		}
		if q.zero {
			if at := nonZero(all); at >= 0 {
				return fmt.Errorf("%d bytes at %p: byte %d is not zero, block %d of a burst", q.size, blocks[i], at, i)
			}
		}
		fill(all[:head], w.lastID-i, 0)
		fill(all[end:], w.lastID-i, end)
	}
	return nil
}

// tagged returns the bounds of the part of a block that tag does not write.
func tagged(size int) (head, end int) {
	head = min(tagBytes, size)
	return head, max(head, size-tagBytes)
}

// untag verifies the blocks and frees them.
func (w *worker) untag(h handle, q request, blocks []unsafe.Pointer, batch bool) error {
	head, end := tagged(q.size)
	for i, at := range blocks {
		all := raw.Bytes(raw.Addr(at), uintptr(q.size))
		if wrong(all[:head], w.lastID-i, 0) >= 0 || wrong(all[end:], w.lastID-i, end) >= 0 {
			return fmt.Errorf("block %d of a burst of %d bytes at %p has changed; it has %d usable bytes",
				i, q.size, at, alloc.UsableSize(at))
		}
	}
	w.verified += int64(len(blocks))
	w.freed += int64(len(blocks))
	if w.r.IntN(4) == 0 {
		h = w.handle()
	}
	if batch {
		h.FreeBatch(blocks)
		return nil
	}
	if w.r.IntN(2) == 0 {
		for _, at := range blocks {
			h.Free(at)
		}
		return nil
	}
	for i := len(blocks) - 1; i >= 0; i-- {
		h.Free(blocks[i])
	}
	return nil
}
