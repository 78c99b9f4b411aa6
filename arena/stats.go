// SPDX-License-Identifier: Apache-2.0

package arena

import "github.com/ashlar-go/ashlar/stats"

// Stats returns the arena's numbers. In a concurrent arena the unused rest of windows counts as
// used: up to 16 KiB for each processor. Any goroutine may call Stats.
func (a *Arena) Stats() stats.Arena { return a.core.Stats() }

// Stats implements arenahost.Arena.
func (c *core) Stats() stats.Arena {
	c.mu.Lock()
	defer c.mu.Unlock()
	var free, rewinds, longest uintptr
	if a := c.handle.Value(); a != nil {
		free, rewinds, longest = a.inWindow()
	}
	s := stats.Arena{
		ID:         c.id,
		Name:       c.options.Name,
		Made:       c.made.String(),
		Concurrent: c.options.Concurrent,
		Reserved:   int64(c.taken),
		Used:       c.use(free),
		Chunks:     int64(len(c.chunks) + len(c.own)),
		Resets:     c.resets + int64(rewinds),
		Free:       int64(free),
	}
	s.HighWater = max(c.high, int64(longest))
	s.Quarantined = c.inQuarantine.Load()
	for i := c.current; i < len(c.chunks); i++ {
		s.Free += int64(c.chunks[i].size - c.chunks[i].used)
	}
	s.Waste = s.Reserved - s.Used - s.Free
	return s
}

// use returns the bytes in use, without those that are free in a window, and updates their largest
// number. The caller holds mu.
func (c *core) use(free uintptr) int64 {
	n := -c.skipped - c.lost.Load() - int64(free)
	for i := range c.chunks {
		n += int64(c.chunks[i].used)
	}
	for i := range c.own {
		n += int64(c.own[i].used)
	}
	c.high = max(c.high, n)
	return n
}
