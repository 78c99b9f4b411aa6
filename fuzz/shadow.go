// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"sort"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A shadow is the model of a program's memory: the live blocks and their contents.
//
//	live is in the order of the operations, so that an input selects the same blocks
//	wherever the kernel places them;  sorted = live, by address
//	sorted[i].addr + sorted[i].usable ≤ sorted[i+1].addr
type shadow struct {
	live   []*block
	sorted []*block
	lastID int
	bytes  int // Σ usable

	small          [sizeclass.Count]classSums
	large          int   // number of objects
	largeRequested int64 // bytes requested for large objects

	freed [64]uintptr // the addresses freed last, a ring
	turn  int
	seen  map[uintptr]struct{} // all addresses that were ever the address of a block
}

// classSums contains the model's numbers of one size class.
type classSums struct {
	live      int64
	allocs    int64 // since the start
	requested int64 // bytes in live blocks
}

// overlapping returns a block that shares bytes with [addr, addr+n), nil if there is
// none.
func (s *shadow) overlapping(addr uintptr, n int) *block {
	i := s.search(addr)
	if i < len(s.sorted) && s.sorted[i].addr < addr+uintptr(n) {
		return s.sorted[i]
	}
	if i > 0 && s.sorted[i-1].addr+uintptr(s.sorted[i-1].usable) > addr {
		return s.sorted[i-1]
	}
	return nil
}

// search returns the index in sorted of the first block at or above addr.
func (s *shadow) search(addr uintptr) int {
	return sort.Search(len(s.sorted), func(i int) bool { return s.sorted[i].addr >= addr })
}

// add adds b to the live blocks under a new number. fresh is set if the allocator has
// just allocated it, and not if it stayed in place or comes from another shadow.
func (s *shadow) add(b *block, fresh bool) error {
	if o := s.overlapping(b.addr, b.usable); o != nil {
		return fmt.Errorf("%v overlaps %v", b, o)
	}
	i := s.search(b.addr)
	s.sorted = append(s.sorted, nil)
	copy(s.sorted[i+1:], s.sorted[i:])
	s.sorted[i] = b
	b.index = len(s.live)
	s.live = append(s.live, b)
	s.bytes += b.usable
	if s.seen == nil {
		s.seen = map[uintptr]struct{}{}
	}
	s.seen[b.addr] = struct{}{}
	s.count(b, 1)
	if fresh && b.small {
		s.small[b.class].allocs++
	}
	return nil
}

// newID returns a number that no block of this shadow has had.
func (s *shadow) newID() int {
	s.lastID++
	return s.lastID
}

// remove removes b, which was freed or now belongs to another shadow.
func (s *shadow) remove(b *block) {
	i := s.search(b.addr)
	s.sorted = append(s.sorted[:i], s.sorted[i+1:]...)
	last := s.live[len(s.live)-1]
	s.live[b.index], last.index = last, b.index
	s.live = s.live[:len(s.live)-1]
	s.bytes -= b.usable
	s.count(b, -1)
	s.freed[s.turn%len(s.freed)] = b.addr
	s.turn++
}

// count adds b to the sums, n times.
func (s *shadow) count(b *block, n int64) {
	if b.small {
		s.small[b.class].live += n
		s.small[b.class].requested += n * int64(b.requested)
		return
	}
	s.large += int(n)
	s.largeRequested += n * int64(b.requested)
}

// stale returns a recently freed address that is not the address of a live block, 0 if
// there is none.
func (s *shadow) stale(turn int) uintptr {
	for i := range s.freed {
		addr := s.freed[(turn+i)%len(s.freed)]
		if addr == 0 {
			continue
		}
		if j := s.search(addr); j == len(s.sorted) || s.sorted[j].addr != addr {
			return addr
		}
	}
	return 0
}

// verify returns an error for the first block that does not contain its pattern.
func (s *shadow) verify() error {
	for _, b := range s.live {
		if err := b.verify(); err != nil {
			return err
		}
	}
	return nil
}

// merge moves the blocks of other to s.
func (s *shadow) merge(other *shadow) error {
	for c := range s.small {
		s.small[c].allocs += other.small[c].allocs
	}
	if s.seen == nil {
		s.seen = map[uintptr]struct{}{}
	}
	for addr := range other.seen {
		s.seen[addr] = struct{}{}
	}
	for len(other.live) > 0 {
		b := other.live[0]
		other.remove(b)
		if err := s.add(b, false); err != nil {
			return err
		}
	}
	return nil
}
