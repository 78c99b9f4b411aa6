// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// maxVisits bounds how many stacks are looked at to find one that can go.
const maxVisits = 64

// evict makes room for another stack or bucket: a stack without live samples goes that was
// not used since the hand passed it last, and its sums are counted as dropped. evict reports
// false if it found none. It does not evict keep.
//
// The hand goes round as that of a clock (the second-chance algorithm): so stacks that
// samples come from again and again stay. A stack is not used by its first sample.
func (t *Table) evict(keep uintptr) bool {
	visits := 0
	for range stackHeads {
		link := t.stacks.head(t.stacks.hand)
		for *link != 0 {
			st := stackAt(*link)
			if *link != keep && !st.used && !st.kept && !st.hasLive() {
				t.forget(link)
				return true
			}
			st.used = false
			link = &st.next
			visits++
		}
		t.stacks.hand++
		if visits >= maxVisits {
			return false
		}
	}
	return false
}

// hasLive reports whether a sample of the stack is live.
func (s *stack) hasLive() bool {
	for b := s.buckets; b != 0; b = bucketAt(b).next {
		if bucketAt(b).live > 0 {
			return true
		}
	}
	return false
}

// forget takes the stack at link out of its chain and frees it.
func (t *Table) forget(link *uintptr) {
	ss, s := &t.stacks, *link
	st := stackAt(s)
	*link = st.next
	for b := st.buckets; b != 0; {
		k := bucketAt(b)
		t.dropped.Objects += k.allocObjects
		t.dropped.Bytes += k.allocBytes
		next := k.next
		t.free(b, bucketSize)
		ss.nBuckets--
		b = next
	}
	for i := range uint64(recents) {
		if r := ss.lately(i); r.stack == s {
			*r = recent{}
		}
	}
	t.free(s, st.bytes())
	ss.n--
}

// head returns the head of chain i.
func (ss *stacks) head(i uint64) *uintptr {
	return raw.At[uintptr](ss.heads + uintptr(i%stackHeads)*unsafe.Sizeof(uintptr(0)))
}
