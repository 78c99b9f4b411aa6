// SPDX-License-Identifier: Apache-2.0

package pageheap

import "github.com/ashlar-go/ashlar/internal/vm"

// Stats are the bytes of a heap by state. Used + Dirty + Clean = Mapped, the
// part of the chunks that is usable.
type Stats struct {
	Chunks int
	Mapped int64
	Used   int64 // in allocated runs
	Dirty  int64 // free, may occupy RAM
	Clean  int64 // free, purged or never used
	Unused int64 // of the mappings, beside the usable part: cut off by alignment
	Kept   int64 // part of Used: PurgeInside took it, and it is still charged

	Huge      int64 // touched blocks of chunks for which the kernel may use huge pages
	Collapsed int64 // copied to huge pages on request, since the start
}

// Stats returns the heap's current numbers.
func (h *Heap) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Stats{Chunks: len(h.chunks), Used: int64(h.used) * pageSize, Dirty: h.dirty.Load() * pageSize}
	s.Collapsed = h.collapsed
	for _, at := range h.chunks {
		c := chunkAt(at)
		usable := int64(c.pages) * pageSize
		s.Mapped += usable
		s.Unused += int64(c.mapping.Size) - usable
		s.Kept += c.kept.bytes(0, chunkBytes)
		if c.huge && h.block > 0 { // a damaged chunk may say so where there are no blocks
			touched, _ := h.waste(c)
			s.Huge += touched
		}
	}
	for i := range h.refused {
		s.Used -= int64(h.refused[i].pages) * pageSize
		s.Dirty += h.chargedOf(&h.refused[i])
	}
	s.Clean = s.Mapped - s.Used - s.Dirty
	return s
}

// A Layout is the state of a chunk's pages at one moment.
type Layout struct {
	Start uintptr // address of the first page
	Pages int

	busy, dirty bitmap
}

// Layouts calls yield with each chunk's layout, by address, until it returns false.
// It holds the lock only while it copies the two bitmaps of a chunk, so it may miss chunks
// that are mapped or unmapped meanwhile.
func (h *Heap) Layouts(yield func(*Layout) bool) {
	var l Layout
	for h.layoutAfter(&l) && yield(&l) {
	}
}

// layoutAfter replaces l by the layout of the first chunk above it.
func (h *Heap) layoutAfter(l *Layout) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := h.search(l.Start)
	if i == len(h.chunks) {
		return false
	}
	c := chunkAt(h.chunks[i])
	l.Start, l.Pages, l.busy, l.dirty = c.start, c.pages, c.busy, c.dirty
	return true
}

// Next describes the run of pages in the same state that begins at page from: the page
// after the run, whether the run is allocated (or being purged), and whether a free run may
// occupy RAM.
func (l *Layout) Next(from int) (end int, busy, dirty bool) {
	busy, dirty = l.busy.has(from), l.dirty.has(from)
	end = l.busy.scan(from, !busy)
	if !busy {
		end = min(end, l.dirty.scan(from, !dirty))
	}
	return min(end, l.Pages), busy, dirty
}

// Mappings calls yield with the mapping of each chunk.
func (h *Heap) Mappings(yield func(vm.Mapping)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, at := range h.chunks {
		yield(chunkAt(at).mapping)
	}
}
