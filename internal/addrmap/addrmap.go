// SPDX-License-Identifier: Apache-2.0

package addrmap

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// An Entry is the first field of the structs in a Map.
type Entry struct {
	next uintptr // in its chain
	Addr uintptr // the key
}

// A Map is a hash table of Ts by address. The zero value is an empty table. A Map is not
// safe for concurrent use.
type Map[T any] struct {
	n        int
	spare    uintptr
	segments []uintptr
	used     int64
}

const (
	wordSize     = unsafe.Sizeof(uintptr(0))
	segmentHeads = 512
	segmentSize  = segmentHeads * wordSize
)

func entryAt(at uintptr) *Entry { return raw.At[Entry](at) }

// head returns the head of chain i.
func (m *Map[T]) head(i uint) *uintptr {
	return raw.At[uintptr](m.segments[i/segmentHeads] + uintptr(i%segmentHeads)*wordSize)
}

func (m *Map[T]) chain(addr uintptr) *uintptr {
	return m.head(uint(Mix(uint64(addr)>>4)) & uint(len(m.segments)*segmentHeads-1))
}

// Mix is a hash of a number: every bit of x affects every bit of the result (splitmix64 in
// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
func Mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Add enters addr, which must not be in the table, and returns the address of its struct.
// The fields after the Entry are unspecified. Add returns 0 if there is no memory.
func (m *Map[T]) Add(addr uintptr) uintptr {
	if !m.grow() {
		return 0
	}
	at := m.spare
	if at != 0 {
		m.spare = entryAt(at).next
	} else if at = m.alloc(unsafe.Sizeof(*new(T))); at == 0 {
		return 0
	}
	m.Link(at, addr)
	return at
}

// Link adds the entry at at, which is in no chain, under the address addr.
func (m *Map[T]) Link(at, addr uintptr) {
	head := m.chain(addr)
	*entryAt(at) = Entry{*head, addr}
	*head = at
	m.n++
}

// Find returns the address of addr's struct, or 0 if there is none.
func (m *Map[T]) Find(addr uintptr) uintptr {
	if m.n == 0 {
		return 0
	}
	at := *m.chain(addr)
	for at != 0 && entryAt(at).Addr != addr {
		at = entryAt(at).next
	}
	return at
}

// Unlink removes the entry of addr from its chain and returns the entry's address, or 0 if
// there is none.
func (m *Map[T]) Unlink(addr uintptr) uintptr {
	if m.n == 0 {
		return 0
	}
	for link := m.chain(addr); *link != 0; link = &entryAt(*link).next {
		if at := *link; entryAt(at).Addr == addr {
			*link = entryAt(at).next
			m.n--
			return at
		}
	}
	return 0
}

// Drop gives back an entry that is in no chain. The next Add uses it.
func (m *Map[T]) Drop(at uintptr) {
	entryAt(at).next = m.spare
	m.spare = at
}

// grow makes room for another entry. If there is no memory for that, the chains become
// longer. It returns false only if there are no chains at all.
func (m *Map[T]) grow() bool {
	old := len(m.segments)
	if old > 0 && m.n < old*segmentHeads {
		return true
	}
	for len(m.segments) < max(2*old, 1) {
		s := m.alloc(segmentSize)
		if s == 0 {
			for _, s := range m.segments[old:] {
				m.free(s, segmentSize)
			}
			m.segments = m.segments[:old]
			return old > 0
		}
		m.segments = append(m.segments, s)
	}
	for i := range uint(old * segmentHeads) {
		at := *m.head(i)
		*m.head(i) = 0
		for at != 0 {
			next := entryAt(at).next
			m.n-- // Link counts it again
			m.Link(at, entryAt(at).Addr)
			at = next
		}
	}
	return true
}

// Each calls f with the address of each entry. f may unlink that entry, and must not add any.
func (m *Map[T]) Each(f func(at uintptr)) {
	for i := range uint(len(m.segments) * segmentHeads) {
		for at := *m.head(i); at != 0; {
			next := entryAt(at).next
			f(at)
			at = next
		}
	}
}

// Len returns the number of entries.
func (m *Map[T]) Len() int { return m.n }

// Used returns the bytes of metadata that the table uses, spare entries included.
func (m *Map[T]) Used() int64 { return m.used }

// Close frees everything. The table is empty afterwards.
func (m *Map[T]) Close() {
	m.Each(m.Drop)
	for at := m.spare; at != 0; {
		next := entryAt(at).next
		m.free(at, unsafe.Sizeof(*new(T)))
		at = next
	}
	for _, s := range m.segments {
		m.free(s, segmentSize)
	}
	*m = Map[T]{}
}

// alloc returns zeroed metadata, or 0 if there is no memory.
func (m *Map[T]) alloc(size uintptr) uintptr {
	p, err := metadata.Alloc(size)
	if err != nil {
		return 0
	}
	m.used += int64(metadata.Taken(size))
	return p
}

func (m *Map[T]) free(p, size uintptr) {
	metadata.Free(p, size)
	m.used -= int64(metadata.Taken(size))
}
