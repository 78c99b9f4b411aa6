// SPDX-License-Identifier: Apache-2.0

package offheap

import "fmt"

// check checks the equations of a shard.
func (s *cacheShard) check() error {
	held, live := s.index.bytes()+s.ghosts.bytes(), int64(0)
	for _, g := range s.segments {
		held += int64(g.size)
	}
	if held != s.held {
		return fmt.Errorf("%d bytes are held, and %d counted", held, s.held)
	}
	entries, segments := 0, len(s.spare)+len(s.unused)
	for _, q := range []*queue{&s.probation, &s.main} {
		segments += len(q.list)
		sum, dead := int64(0), int64(0)
		for _, number := range q.list {
			g := s.segments[number]
			sum += int64(g.end)
			dead += int64(g.dead)
			removed := 0
			for off := 0; off < g.end; {
				e := s.entryAt(number<<s.shift + uint32(off/unit) + 1)
				if off += e.size(); e.isDead() {
					removed += e.size()
					continue
				}
				if _, found := s.find(s.hash(e.key()), e.key()); found != e {
					return fmt.Errorf("the entry of %q is not found", e.key())
				}
				entries++
				live += int64(e.payload())
			}
			if removed != g.dead || g.main != (q == &s.main) {
				return fmt.Errorf("a segment has %d dead bytes, and %d are counted; main %v", removed, g.dead, g.main)
			}
		}
		if sum != q.bytes || dead != q.dead {
			return fmt.Errorf("a queue has %d bytes, %d of them dead, and %d and %d are counted", sum, dead, q.bytes, q.dead)
		}
	}
	if entries != s.index.used || live != s.live || segments != len(s.segments) {
		return fmt.Errorf("%d entries of %d bytes in %d segments, and %d of %d in %d are counted",
			entries, live, segments, s.index.used, s.live, len(s.segments))
	}
	return nil
}
