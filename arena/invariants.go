package arena

import "fmt"

// checkInvariants returns an error if the arena's structures contradict each other.
// Nobody else may be using the arena.
func (a *Arena) checkInvariants() error {
	c := a.core
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.next > a.limit || a.lanes != nil && a.limit != 0 {
		return fmt.Errorf("window %#x to %#x", a.next, a.limit)
	}
	for i := range c.chunks {
		k := &c.chunks[i]
		if k.used > k.clean || k.used > k.size || k.dirty > k.size || i > c.current && k.used > 0 {
			return fmt.Errorf("chunk %d of %d, current %d: %+v", i, len(c.chunks), c.current, *k)
		}
	}
	if a.limit != 0 {
		if k := &c.chunks[c.current]; a.limit != k.base+k.used || a.next < k.base {
			return fmt.Errorf("the window %#x to %#x does not end where %+v is used", a.next, a.limit, *k)
		}
	}
	taken := uintptr(0)
	c.each(func(k chunk) { taken += k.size })
	if limit := c.options.Limit; taken != c.taken || limit > 0 && int64(taken) > limit {
		return fmt.Errorf("%d bytes are reserved, %d counted, the limit is %d", taken, c.taken, limit)
	}
	spans := c.spans()
	for i, s := range spans {
		if i > 0 && s.base < spans[i-1].limit {
			return fmt.Errorf("chunks overlap at %#x", s.base)
		}
		if !arenaMemory.contains(s.base) || !arenaMemory.contains(s.limit-1) {
			return fmt.Errorf("chunk at %#x is not known as an arena's", s.base)
		}
	}
	return nil
}
