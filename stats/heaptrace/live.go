// SPDX-License-Identifier: Apache-2.0

package heaptrace

import "fmt"

// Live follows a trace. It knows which objects are live, and notices events that
// contradict each other. The zero value is the state before the first event.
type Live struct {
	sizes  map[uint64]int64 // by address
	lifted map[uint64]int   // lifted objects by goroutine

	// Unknown counts the frees and lifts of objects that were allocated before the trace
	// began.
	Unknown int
}

// Follow takes the next event. It returns an error and ignores the event if the event
// contradicts those before it, which happens where operations were dropped: an object is
// allocated at the address of a live one, or a Realloc has no Lift. It also returns an
// error if the address is not a multiple of the alignment.
func (l *Live) Follow(e *Event) error {
	size, live := l.sizes[e.Addr]
	if !e.Op.Sized() {
		l.leave(e, live)
		return nil
	}
	switch {
	case live:
		return fmt.Errorf("heaptrace: %v of %d bytes at %#x, but an object of %d bytes is live there", e.Op, e.Size, e.Addr, size)
	case e.Op == Realloc && l.lifted[e.Goroutine] == 0:
		return fmt.Errorf("heaptrace: realloc to %d bytes at %#x without a lift before it", e.Size, e.Addr)
	case e.Op == Memalign && e.Addr%uint64(e.Align) != 0:
		return fmt.Errorf("heaptrace: memalign at %#x, which is not a multiple of %d", e.Addr, e.Align)
	case e.Op == Realloc:
		l.lifted[e.Goroutine]--
	}
	if l.sizes == nil {
		l.sizes = map[uint64]int64{}
	}
	l.sizes[e.Addr] = e.Size
	return nil
}

// leave removes the object at the address of a Free or Lift event.
func (l *Live) leave(e *Event, live bool) {
	if !live {
		l.Unknown++
	}
	delete(l.sizes, e.Addr)
	if e.Op == Lift {
		if l.lifted == nil {
			l.lifted = map[uint64]int{}
		}
		l.lifted[e.Goroutine]++
	}
}

// Objects returns the number of live objects.
func (l *Live) Objects() int { return len(l.sizes) }

// Has reports whether an object is live at the address.
func (l *Live) Has(addr uint64) bool {
	_, live := l.sizes[addr]
	return live
}
