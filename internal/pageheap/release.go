// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/pagemap"
)

// releaseEmpty unmaps chunks without used or dirty pages. It keeps one of them, unless all
// is set, so that a heap that empties and fills again does not map it anew. A chunk that
// the kernel refuses to unmap stays, clean; it can be used, and is tried again.
func (h *Heap) releaseEmpty(all bool) error {
	spared := all
	return h.releaseIf(func(c *chunk) bool {
		if c.used > 0 || c.dirty.count(0, chunkPages) > 0 {
			return false
		}
		release := spared
		spared = true
		return release
	})
}

// releaseIf unmaps the chunks for which want returns true. A chunk that the kernel refuses
// to unmap stays.
func (h *Heap) releaseIf(want func(*chunk) bool) (err error) {
	kept := h.chunks[:0]
	for _, at := range h.chunks {
		if want(chunkAt(at)) {
			e := h.release(at)
			if e == nil {
				continue
			}
			err = e
		}
		kept = append(kept, at)
	}
	h.chunks = kept
	return err
}

// release unmaps a chunk without used pages and frees its descriptor.
func (h *Heap) release(at uintptr) error {
	c := chunkAt(at)
	if err := h.space.Release(c.mapping); err != nil {
		return err
	}
	dirty := c.dirty.count(0, chunkPages)
	h.dirty.Add(-int64(dirty))
	h.space.Refund(uintptr(dirty) * pageSize)
	metadata.Free(at, unsafe.Sizeof(chunk{}))
	return nil
}

// Close frees every run, removes its pages from the page map, and unmaps every
// chunk. Close purges a chunk that the kernel refuses to unmap, and returns the error. A
// second Close tries it again.
func (h *Heap) Close() error {
	h.purger.Lock()
	defer h.purger.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.refused = nil
	err := h.releaseIf(func(c *chunk) bool {
		h.freeAll(c)
		return true
	})
	if err != nil {
		h.purge(true) // what is refused here stays dirty, and charged
	}
	return err
}

// freeAll frees all runs of c. Only pages of runs have entries in the page map.
func (h *Heap) freeAll(c *chunk) {
	h.space.Recharge(uintptr(c.lent.bytes(0, chunkBytes))) // chunks are refunded whole
	c.lent, c.kept = unitSet{}, unitSet{}
	for first, end := c.busy.next(0, true); first < c.pages; first, end = c.busy.next(end, true) {
		end = min(end, c.pages)
		pagemap.Set(c.start+uintptr(first)*pageSize, uintptr(end-first)*pageSize, 0)
		h.free(c, first, end)
	}
}
