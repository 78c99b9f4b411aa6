// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"bytes"
	"hash/maphash"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// A cacheShard is a part of a Cache with a lock of its own. The lock guards everything except the
// uses of entries, which readers count with atomic operations.
type cacheShard struct {
	access          lock
	index           index
	segments        []segment // by number
	unused          []uint32  // numbers of segments without memory
	spare           []uint32  // numbers of usual segments that are empty
	probation, main queue
	ghosts          ghosts
	hand            int // offset in the oldest segment of main; see admits
	next            int // in a queue; see mostDead

	memory  alloc.Memory
	seed    maphash.Seed
	started time.Time // times count from it
	shift   uint8     // a usual segment has 1<<shift units
	closed  bool
	limit   int64 // of held
	held    int64 // bytes of segments, index and ghosts
	live    int64 // bytes of keys and values

	evicted, expired, sets int64
}

// A segment is a block with entries, one after the other. A usual segment has 1<<shift units. One
// with a single entry may be larger.
type segment struct {
	at        alloc.Address
	size, end int  // bytes of the block, and of the entries in it
	dead      int  // bytes of the entries in it that were removed
	main      bool // it is in main
}

// A queue is a list of segments. The first one has the oldest entries, and new ones go into the last.
type queue struct {
	list  []uint32
	bytes int64 // Σ end of its segments
	dead  int64 // Σ dead of its segments
}

// entryAt returns the entry at a position, which is a number of units above 0.
func (s *cacheShard) entryAt(position uint32) *entry {
	p := position - 1
	base := s.segments[p>>s.shift].at.Pointer()
	return (*entry)(unsafe.Add(base, uintptr(p&(1<<s.shift-1))*unit))
}

func (s *cacheShard) segmentOf(position uint32) *segment { return &s.segments[(position-1)>>s.shift] }

// queueOf returns the queue of a segment.
func (s *cacheShard) queueOf(g *segment) *queue {
	if g.main {
		return &s.main
	}
	return &s.probation
}

// lock locks the shard for a call that changes it.
func (s *cacheShard) lock(op string) {
	s.access.lock()
	if s.closed {
		s.access.unlock()
		panicClosed(op)
	}
}

// rlock locks the shard for a call that reads it. The caller unlocks the stripe.
func (s *cacheShard) rlock(op string) *stripe {
	t := s.access.rlock()
	if s.closed {
		t.runlock()
		panicClosed(op)
	}
	return t
}

// find returns the slot and the entry of a key; nil if it is absent.
func (s *cacheShard) find(hash uint64, key []byte) (int, *entry) {
	h := uint32(hash >> 32)
	if s.index.used == 0 {
		return 0, nil
	}
	for i := s.index.home(h); s.index.slots[i] != 0; i = s.index.next(i) {
		if slot := s.index.slots[i]; uint32(slot>>32) == h {
			if e := s.entryAt(uint32(slot)); bytes.Equal(e.key(), key) {
				return i, e
			}
		}
	}
	return 0, nil
}

// drop removes the entry e, which is in slot i. Its memory is free when its segment is.
func (s *cacheShard) drop(i int, e *entry) {
	g, n := s.segmentOf(uint32(s.index.slots[i])), e.size()
	g.dead += n
	s.queueOf(g).dead += int64(n)
	s.index.remove(i)
	s.live -= int64(e.payload())
	e.kill()
}

// set adds or replaces an entry.
func (s *cacheShard) set(hash uint64, key, value []byte, at int64) error {
	n := entrySize(len(key), len(value))
	i, e := s.find(hash, key)
	s.sets++
	if len(key) > maxKey || len(value) > maxValue || int64(n) > s.limit/4 {
		if e != nil {
			s.drop(i, e) // it is out of date
		}
		return ErrTooLarge
	}
	if e != nil && n <= e.size() && e.size()-n <= min(n/slackShare, maxSlack*unit) {
		s.live += int64(len(value)) - int64(e.lengths&maxValue)
		e.setValue(value)
		e.setAt(at)
		return nil
	}
	h := uint32(hash >> 32)
	to, state := &s.probation, uint32(len(key))
	if e != nil {
		to = s.queueOf(s.segmentOf(uint32(s.index.slots[i])))
		s.drop(i, e)
	} else if s.ghosts.take(h) {
		if s.admits() {
			to = &s.main
		} else {
			state |= oneUse
		}
	}
	if err := s.reserve(); err != nil {
		return err
	}
	position, ok := s.append(to, n)
	for !ok {
		if err := s.extend(to, n); err != nil {
			return err
		}
		position, ok = s.append(to, n)
	}
	e = s.entryAt(position)
	e.lengths = uint32(len(value))
	e.setAt(at)
	atomic.StoreUint32(&e.state, state)
	copy(e.key(), key)
	copy(e.value(), value)
	s.index.insert(h, position)
	s.live += int64(len(key) + len(value))
	return nil
}
