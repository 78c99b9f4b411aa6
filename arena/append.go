// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/gotype"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// Append appends values to a slice of the arena and returns the longer slice. A nil s is an
// empty slice. Append panics as MakeSlice does.
//
// Append writes to s up to the capacity of s, and never beyond it. If the capacity does not
// suffice and free memory of the arena begins exactly where s ends, Append extends s in
// place. Otherwise it copies s to a new block and doubles the capacity. The old block stays
// in use until Reset.
func Append[T any](a *Arena, s []T, values ...T) []T {
	n := len(s) + len(values)
	if n > cap(s) {
		s = grow(a, s, n)
	}
	return append(s, values...)
}

// grow returns s with room for at least n elements.
func grow[T any](a *Arena, s []T, n int) []T {
	elem := unsafe.Sizeof(*new(T))
	c := max(n, int(4*minAlign/max(elem, 1)))
	if twice := 2 * cap(s); uintptr(twice)*elem <= maxChunk {
		c = max(c, twice)
	}
	old, size := uintptr(cap(s))*elem, a.sliceSize("Append", elem, n, c)
	if p := unsafe.SliceData(s); gotype.Of[T]().Plain() && a.extend(raw.Addr(unsafe.Pointer(p)), old, size) {
		return unsafe.Slice(p, c)[:len(s)]
	}
	grown := unsafe.Slice((*T)(raw.Pointer(a.slice("Append", elem, len(s), c, gotype.Of[T]()))), c)[:len(s)]
	raw.CopySlice(grown, s)
	a.noteTail(raw.Addr(unsafe.Pointer(unsafe.SliceData(grown))) + size)
	return grown
}

// extend makes the slice of old bytes at p size bytes long in place. It fails unless the
// slice ends where the window begins and the window has room.
//
// Padding between the slice and the window belongs to the slice only if Append made that
// slice: a.tail says so. Otherwise these bytes can be elements of a longer slice, and p can
// be a part of that slice with a smaller capacity (s[:2:2]).
func (a *Arena) extend(p, old, size uintptr) bool {
	b, end := a.window(), p+old
	if old == 0 || end != b.next && end != a.tail || raw.AlignUp(end, a.mask+1) != b.next {
		return false
	}
	n := raw.AlignUp(end+size-old, a.mask+1) - b.next
	if n > b.limit-b.next || !a.inCurrent(p, b.limit) {
		return false
	}
	b.next += n
	a.tail = p + size
	return true
}

// inCurrent reports whether the current chunk contains p and a window up to limit. Other
// memory can end exactly where the chunk begins.
func (a *Arena) inCurrent(p, limit uintptr) bool {
	c := a.core
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current >= len(c.chunks) {
		return false
	}
	k := &c.chunks[c.current]
	return p-k.base < k.size && limit-k.base <= k.size
}

// noteTail records the end of the slice that Append has just made, if the window begins
// after the padding of that slice. The arena hands each byte out once in a round. So no
// other slice ends there until Reset.
func (a *Arena) noteTail(end uintptr) {
	if raw.AlignUp(end, a.mask+1) == a.window().next {
		a.tail = end
	}
}
