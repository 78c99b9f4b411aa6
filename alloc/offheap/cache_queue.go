// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"slices"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// reserve makes room for one more entry in the index, and takes care of the first spare segment.
func (s *cacheShard) reserve() error {
	if len(s.segments) == 0 {
		number, err := s.allocate(unit << s.shift)
		if err != nil {
			return err
		}
		s.spare = append(s.spare, number)
	}
	before := s.index.bytes() + s.ghosts.bytes()
	grown, err := s.index.reserve(s.memory)
	if err != nil {
		for s.index.full() {
			if !s.reclaim() {
				return err
			}
		}
		return nil
	}
	if grown {
		s.ghosts.resize(s.memory, len(s.index.slots)/4)
		s.held += s.index.bytes() + s.ghosts.bytes() - before
	}
	return nil
}

// append returns the position for an entry of n bytes in one of the last segments of a queue. It fails if
// none of them has room. The first that has takes it, so an entry that does not fit leaves its room to smaller ones.
func (s *cacheShard) append(q *queue, n int) (position uint32, ok bool) {
	for _, number := range q.list[max(len(q.list)-openSegments, 0):] {
		g := &s.segments[number]
		if g.end+n > g.size {
			continue
		}
		position = number<<s.shift + uint32(g.end/unit) + 1
		g.end += n
		q.bytes += int64(n)
		return position, true
	}
	return 0, false
}

// extend is a step to room for an entry of n bytes at the end of q: it appends an empty segment, or
// reclaims another one if the limit or the lack of memory demands it. What is reclaimed may move to
// the end of q, so the caller tries append again before a further step. Otherwise each such segment
// would stay half empty. extend leaves one spare segment to reclaim.
func (s *cacheShard) extend(q *queue, n int) error {
	usual := unit << s.shift
	if n <= usual && len(s.spare) > 1 {
		s.join(q, s.takeSpare())
		return nil
	}
	err := ErrTooLarge
	if s.held+int64(max(n, usual)) <= s.limit {
		var number uint32
		if number, err = s.allocate(max(n, usual)); err == nil {
			s.join(q, number)
			return nil
		}
	}
	if len(s.spare) > 1 {
		s.release(s.takeSpare())
	} else if !s.reclaim() {
		return err
	}
	return nil
}

func (s *cacheShard) takeSpare() uint32 {
	number := s.spare[len(s.spare)-1]
	s.spare = s.spare[:len(s.spare)-1]
	return number
}

// allocate makes a segment.
func (s *cacheShard) allocate(size int) (number uint32, err error) {
	p, err := s.memory.Malloc(size)
	if err != nil {
		return 0, err
	}
	s.held += int64(size)
	g := segment{at: alloc.AddressOf(p), size: size}
	if n := len(s.unused); n > 0 {
		number = s.unused[n-1]
		s.unused = s.unused[:n-1]
		s.segments[number] = g
		return number, nil
	}
	s.segments = append(s.segments, g)
	return uint32(len(s.segments) - 1), nil
}

// release frees the memory of a segment.
func (s *cacheShard) release(number uint32) {
	g := &s.segments[number]
	s.memory.Free(g.at.Pointer())
	s.held -= int64(g.size)
	*g = segment{}
	s.unused = append(s.unused, number)
}

// join appends an empty segment, or one with its entry, to a queue.
func (s *cacheShard) join(q *queue, number uint32) {
	g := &s.segments[number]
	g.main = q == &s.main
	q.list = append(q.list, number)
	q.bytes += int64(g.end)
}

// reclaim empties one segment. If many bytes are dead, it compacts the one with the most. Otherwise
// it takes the oldest segment of a queue, evicts entries, and moves those that were used often
// enough to the end of main: probation if it has more than its share, otherwise main. It reports
// false if there is no segment.
func (s *cacheShard) reclaim() bool {
	q, at, compact := &s.main, 0, false
	switch p, bytes := &s.probation, s.probation.bytes+s.main.bytes; {
	case bytes == 0:
		return false
	case (p.dead+s.main.dead)*deadShare > bytes:
		compact = true
		if p.dead > s.main.dead {
			q = p
		}
		at = s.mostDead(q)
	case p.bytes*probationShare > bytes || len(q.list) == 0:
		q = p
	}
	if q == &s.main && at == 0 {
		s.hand = 0
	}
	number, now := q.list[at], s.now()
	q.list = slices.Delete(q.list, at, at+1)
	g := &s.segments[number]
	q.bytes -= int64(g.end)
	for off := 0; off < g.end; {
		e := s.entryAt(number<<s.shift + uint32(off/unit) + 1)
		n := e.size()
		if !e.isDead() && !s.judge(q, number, off, e, now, compact) {
			return true // the whole segment moved
		}
		off += n
	}
	q.dead -= int64(g.dead)
	g.end, g.dead = 0, 0
	if g.size == unit<<s.shift && (len(s.spare) == 0 || s.held <= s.limit) {
		s.spare = append(s.spare, number)
	} else {
		s.release(number)
	}
	return true
}

// mostDead returns which segment of a queue has the most dead bytes, of the next candidates.
func (s *cacheShard) mostDead(q *queue) (at int) {
	at = s.next % len(q.list)
	for range min(candidates, len(q.list)) {
		s.next = (s.next + 1) % len(q.list)
		if s.segments[q.list[s.next]].dead > s.segments[q.list[at]].dead {
			at = s.next
		}
	}
	return at
}

// admits reports whether a key whose ghost was found goes to main at once: the next entry of main
// has no uses left. Otherwise that entry loses a use. So the keys that come back compete with the
// entries of main, and a loop that does not fit does not empty main.
func (s *cacheShard) admits() bool {
	list := s.main.list
	if len(list) < 2 {
		return true
	}
	for g := &s.segments[list[0]]; s.hand < g.end; {
		e := s.entryAt(list[0]<<s.shift + uint32(s.hand/unit) + 1)
		uses := e.uses()
		if e.isDead() {
			s.hand += e.size()
			continue
		}
		if uses == 0 {
			return true
		}
		s.hand += e.size()
		e.setUses(uses - 1)
		return false
	}
	s.hand = 0
	first := list[0]
	copy(list, list[1:len(list)-1])
	list[len(list)-2] = first // the last one takes entries
	return false
}

// The shares and limits of S3-FIFO: probation gets one probationShare-th of the bytes, and an
// entry leaves it for main if it was used promoted times.
const (
	probationShare = 100
	promoted       = 2
)

// The limits of what is empty or dead. If values change their lengths all the time, a smaller share of dead bytes
// makes reclaim move more: for each byte that is set about 0.2 at a sixth, 1.0 at a twelfth, 1.7 at a twentieth.
const (
	deadShare    = 10  // one deadShare-th of the bytes may be dead before segments are compacted
	slackShare   = 16  // one slackShare-th of an entry's bytes may be slack when it is replaced
	candidates   = 128 // segments that are compared before one is compacted
	openSegments = 4   // as many segments at the end of a queue take entries
)

// judge evicts the live entry e, or moves it to the end of a queue. If compact is set, it moves e
// to the end of its own queue. It returns false if it moved the whole segment instead.
func (s *cacheShard) judge(q *queue, number uint32, off int, e *entry, now int64, compact bool) bool {
	h := uint32(s.hash(e.key()) >> 32)
	i := s.index.slotOf(h, number<<s.shift+uint32(off/unit)+1)
	uses := e.uses()
	to := &s.main
	switch {
	case e.at() != 0 && e.at() <= now:
		s.drop(i, e)
		s.expired++
		return true
	case compact:
		to = q
	case q == &s.probation && uses < promoted, uses == 0:
		if q == &s.probation {
			s.ghosts.add(h)
		}
		s.drop(i, e)
		s.evicted++
		return true
	case q == &s.main:
		e.setUses(uses - 1)
	default:
		e.setUses(0)
	}
	if s.segments[number].size > unit<<s.shift { // it has one entry
		s.join(to, number)
		return false
	}
	e.trim()
	n := e.size()
	position, ok := s.append(to, n)
	if !ok {
		s.join(to, s.takeSpare())
		position, _ = s.append(to, n)
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(s.entryAt(position))), n), unsafe.Slice((*byte)(unsafe.Pointer(e)), n))
	s.index.slots[i] = uint64(h)<<32 | uint64(position)
	return true
}

// Ghosts are the hashes of keys that left probation unused. A key that comes back while its ghost
// is there goes to main at once. A bucket has the 4 latest ghosts of its keys, 16 bits each.
type ghosts struct{ buckets []uint64 }

func (g *ghosts) bucket(h uint32) *uint64 {
	return &g.buckets[uint64(h)*uint64(len(g.buckets))>>32]
}

func (g *ghosts) add(h uint32) {
	if len(g.buckets) > 0 {
		b := g.bucket(h)
		*b = *b<<16 | uint64(h&0xffff|1)
	}
}

// take removes the ghost of a hash, and reports whether there was one.
func (g *ghosts) take(h uint32) bool {
	if len(g.buckets) == 0 {
		return false
	}
	b := g.bucket(h)
	for shift := 0; shift < 64; shift += 16 {
		if *b>>shift&0xffff == uint64(h&0xffff|1) {
			*b &^= 0xffff << shift
			return true
		}
	}
	return false
}

// resize forgets all ghosts and makes n buckets. Without memory there are none.
func (g *ghosts) resize(memory alloc.Memory, n int) {
	alloc.FreeSlice(memory, g.buckets)
	g.buckets, _ = alloc.MakeSlice[uint64](memory, n, n)
}

func (g *ghosts) bytes() int64 { return int64(len(g.buckets)) * 8 }
