package heapprof

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A record is a sampled live block.
type record struct {
	next   uintptr // in its chain
	addr   uintptr
	bucket uintptr
	size   uintptr
	weight float64
	seq    uint64 // number of the sample
	listed bool   // in the table's Listing
}

// records is a hash table of records by address, with chains. It doubles when the
// chains have two records on average: new segments are added, and each chain is
// divided by one more bit of the hash.
//
//	heads = segments · segmentHeads, a power of two
//	record r is in the chain hash(r.addr) mod heads
type records struct {
	n        int
	spare    uintptr // records of blocks that are gone, linked by next
	segments int
	segment  [maxRecords / 2 / segmentHeads]uintptr
}

const (
	recordSize   = unsafe.Sizeof(record{})
	segmentHeads = 512
	wordSize     = unsafe.Sizeof(uintptr(0))
	segmentSize  = segmentHeads * wordSize
)

func recordAt(at uintptr) *record { return raw.At[record](at) }

// head returns the head of chain i.
func (r *records) head(i uint) *uintptr {
	return raw.At[uintptr](r.segment[i/segmentHeads] + uintptr(i%segmentHeads)*wordSize)
}

func (r *records) chain(addr uintptr) *uintptr {
	return r.head(uint(mix(uint64(addr)>>4)) & uint(r.segments*segmentHeads-1))
}

// mix spreads what tells numbers apart over all bits (Steele and Vigna, "Fast
// splittable pseudorandom number generators", OOPSLA 2014: splitmix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// insert adds a record for s to bucket b, if there is room.
func (t *Table) insert(s Sample, b uintptr) bool {
	r := &t.records
	if r.n == maxRecords || !t.grow() {
		return false
	}
	at := r.spare
	if at != 0 {
		r.spare = recordAt(at).next
	} else if at = t.alloc(recordSize); at == 0 {
		return false
	}
	t.seq++
	*recordAt(at) = record{bucket: b, size: s.Size, weight: s.Weight, seq: t.seq}
	r.link(at, s.Addr)
	t.enlist(recordAt(at), s.Stack)
	return true
}

// link enters a record under an address.
func (r *records) link(at, addr uintptr) {
	head := r.chain(addr)
	recordAt(at).addr, recordAt(at).next = addr, *head
	*head = at
	r.n++
}

// unlink takes the record of addr out, and returns 0 if there is none.
func (r *records) unlink(addr uintptr) uintptr {
	if r.n == 0 {
		return 0
	}
	for link := r.chain(addr); *link != 0; link = &recordAt(*link).next {
		if at := *link; recordAt(at).addr == addr {
			*link = recordAt(at).next
			r.n--
			return at
		}
	}
	return 0
}

// drop keeps a record that is in no chain for the next sample.
func (r *records) drop(at uintptr) {
	recordAt(at).next = r.spare
	r.spare = at
}

// grow makes room for another record. Without memory longer chains must do, unless
// there is none.
func (t *Table) grow() bool {
	r := &t.records
	old := r.segments
	if old > 0 && (r.n < 2*old*segmentHeads || old == len(r.segment)) {
		return true
	}
	want := max(2*old, 1)
	for i := old; i < want; i++ {
		if r.segment[i] = t.alloc(segmentSize); r.segment[i] == 0 {
			for i--; i >= old; i-- {
				t.free(r.segment[i], segmentSize)
			}
			return old > 0
		}
	}
	r.segments = want
	for i := range uint(old * segmentHeads) {
		at := *r.head(i)
		*r.head(i) = 0
		for at != 0 {
			next := recordAt(at).next
			r.n-- // link counts it again
			r.link(at, recordAt(at).addr)
			at = next
		}
	}
	return true
}

// each calls f for each record.
func (r *records) each(f func(at uintptr)) {
	for i := range uint(r.segments * segmentHeads) {
		for at := *r.head(i); at != 0; {
			next := recordAt(at).next
			f(at)
			at = next
		}
	}
}

func (r *records) close(t *Table) {
	r.each(r.drop)
	for at := r.spare; at != 0; {
		next := recordAt(at).next
		t.free(at, recordSize)
		at = next
	}
	for i := range r.segments {
		t.free(r.segment[i], segmentSize)
	}
	*r = records{}
}
