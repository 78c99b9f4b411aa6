// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"slices"

	"github.com/ashlar-go/ashlar/internal/invariants"
)

// checked panics if an invariant is violated, in builds that check invariants. The caller
// holds the core's lock.
func (a *Arena) checked() {
	if invariants.Enabled {
		if err := a.violated(); err != nil {
			panic("arena: invariant violated: " + err.Error())
		}
	}
}

// checkInvariants returns an error if the arena's structures contradict each other. Nobody
// else may use the arena.
func (a *Arena) checkInvariants() error {
	a.core.mu.Lock()
	defer a.core.mu.Unlock()
	return a.violated()
}

// violated is checkInvariants for a caller that holds the core's lock.
func (a *Arena) violated() error {
	c := a.core
	b := *a.window()
	if b.next > b.limit || a.bump != b && a.bump != (bump{}) || a.lanes != nil && b.limit != 0 {
		return fmt.Errorf("windows %#x and %#x", a.bump, a.wide)
	}
	for i := range c.chunks {
		k := &c.chunks[i]
		if k.used > k.clean || k.used > k.size || k.dirty > k.size || i > c.current && k.used > 0 {
			return fmt.Errorf("chunk %d of %d, current %d: %+v", i, len(c.chunks), c.current, *k)
		}
	}
	if b.limit != 0 {
		if !slices.ContainsFunc(c.chunks, func(k chunk) bool { return k.base <= b.next && b.limit <= k.base+k.used }) {
			return fmt.Errorf("the window %#x is not in the used part of a chunk", b)
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
			return fmt.Errorf("chunk at %#x is not in arenaMemory", s.base)
		}
	}
	return nil
}
