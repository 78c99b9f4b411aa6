// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/ashlar-go/ashlar/internal/sizeclass"

// A script is an input composed by hand, for situations that random bytes seldom reach.
type script struct {
	ops []operation
	out []byte
}

// newScript begins an input with the bytes that its target reads first.
func newScript(ops []operation, header ...byte) *script { return &script{table(ops), header} }

// do adds an operation on the handle h with the bytes that it reads.
func (s *script) do(name string, h int, args ...byte) *script {
	for i, o := range s.ops {
		if o.name == name {
			s.out = append(append(s.out, byte(i+64*h)), args...)
			return s
		}
	}
	panic("no operation " + name)
}

// again adds n times the bytes that add adds.
func (s *script) again(n int, add func()) *script {
	for range n {
		add()
	}
	return s
}

// exactly returns the two bytes that select the block size of class c.
func exactly(c sizeclass.Class) []byte { return []byte{byte(2 * c), 4} }

// spill frees more blocks of 64 KiB than caches and depots keep. Then it requests zeroed
// blocks whose spans begin on the freed pages and extend beyond them.
func spill() []byte {
	s := newScript(allOps, 0, 0)
	s.again(3, func() { s.do("burst", 0, append(exactly(sizeclass.Of(64<<10)), 40)...) })
	s.again(2, func() { s.do("freeburst", 0, 1, 200) })
	s.again(40, func() { s.do("calloc", 0, append(exactly(sizeclass.Of(120<<10)), 0)...) })
	return s.out
}

// exhaust requests more and more memory while kernel calls of each kind fail.
func exhaust(options byte) []byte {
	s := newScript(allOps, options, 4)
	for kind := range byte(4) {
		s.do("fail", 0, kind+4*kind, 255)
		for c := byte(0); c < 80; c += 7 {
			s.do("burst", int(c%4), 2*c, 4, 40).do("freeburst", int(c%3), 2, 30)
			s.do("malloc", 0, formClasses+c%formLarge, c).do("realloc", 1, c, formClasses+c%64, 7)
		}
		s.do("trim", 0).do("misuse", 1, 3, 2).do("heal", 0).do("check", 0)
		s.do("freeburst", 0, 1, 255).do("trim", 0)
	}
	return s.out
}

// Endings that select huge pages (hugePagesOf).
const (
	endHugeAll   = 1 << 6
	endHugeDense = 2 << 6
)

// fillUp fills memory step by step and lets it age after each. At some of the steps the chunk is
// dense but not full, so it gets huge pages that are not all in use.
func fillUp() []byte {
	s := newScript(allOps, 0, endHugeDense)
	s.again(20, func() {
		s.do("burst", 0, append(exactly(sizeclass.Of(16<<10)), 31)...).do("age", 0, 31).do("stats", 0)
	})
	s.do("check", 0).do("freeburst", 0, 2, 200).do("age", 0, 31).do("check", 0)
	return s.out
}

// giveAndTake frees blocks inside spans of a chunk that uses huge pages, so that their pages are
// kept, and allocates some of them again. Then most blocks are freed, so that the chunk is sparse
// and what is still kept goes.
func giveAndTake() []byte {
	s := newScript(allOps, 0, endHugeAll)
	s.again(4, func() { s.do("burst", 0, append(exactly(sizeclass.Of(16<<10)), 90)...) })
	s.do("freeburst", 0, 2, 100).do("age", 0, 3).do("stats", 0)
	s.again(2, func() { s.do("burst", 0, append(exactly(sizeclass.Of(16<<10)), 40)...) })
	s.again(2, func() { s.do("freeburst", 0, 5, 100).do("age", 0, 31).do("check", 0) })
	s.do("trim", 0).do("check", 0)
	return s.out
}

// storm makes all runners exchange magazines of a few classes as fast as they can.
func storm(shape byte, sizes ...int) []byte {
	s := newScript(concurrentOps, 0, shape, 0)
	s.again(120/len(sizes), func() {
		for _, size := range sizes {
			c := exactly(sizeclass.Of(size))
			s.do("burst", len(s.out)%2, c[0], c[1], 100).do("send", 1, 3).do("receive", 2)
			s.do("freeburst", len(s.out)%3, 0, 110)
		}
	})
	return s.out
}
