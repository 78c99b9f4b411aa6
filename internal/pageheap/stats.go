package pageheap

// Stats are the bytes of a heap by state. Used + Dirty + Clean = Mapped, the
// part of the chunks that is usable.
type Stats struct {
	Chunks int
	Mapped int64
	Used   int64 // in allocated runs
	Dirty  int64 // free, may occupy RAM
	Clean  int64 // free, purged or never used
	Unused int64 // of the mappings, beside the usable part: cut off by alignment
}

// Stats returns the heap's current numbers.
func (h *Heap) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Stats{Chunks: len(h.chunks), Used: int64(h.used) * pageSize, Dirty: int64(h.dirty) * pageSize}
	for _, at := range h.chunks {
		c := chunkAt(at)
		usable := int64(c.pages) * pageSize
		s.Mapped += usable
		s.Unused += int64(c.mapping.Size) - usable
	}
	s.Clean = s.Mapped - s.Used - s.Dirty
	return s
}
