// SPDX-License-Identifier: Apache-2.0

package heaptrace

import "fmt"

// Live follows a trace and knows what is live, and whether the trace can be true. The
// zero value is that of the beginning.
type Live struct {
	sizes  map[uint64]int64 // by address
	lifted map[uint64]int   // objects by goroutine

	// Unknown counts frees and lifts of objects from before the trace.
	Unknown int
}

// Follow takes the next event. It returns an error, and ignores the event, if that can
// only be where operations were dropped: an object where there is one, or one that is
// set down without having been lifted; or if an alignment is not kept.
func (l *Live) Follow(e *Event) error {
	size, live := l.sizes[e.Addr]
	if !e.Op.Sized() {
		l.leave(e, live)
		return nil
	}
	switch {
	case live:
		return fmt.Errorf("heaptrace: %v of %d bytes at %#x, where %d bytes are live", e.Op, e.Size, e.Addr, size)
	case e.Op == Realloc && l.lifted[e.Goroutine] == 0:
		return fmt.Errorf("heaptrace: realloc to %d bytes at %#x of what was not lifted", e.Size, e.Addr)
	case e.Op == Memalign && e.Addr%uint64(e.Align) != 0:
		return fmt.Errorf("heaptrace: memalign at %#x, no multiple of %d", e.Addr, e.Align)
	case e.Op == Realloc:
		l.lifted[e.Goroutine]--
	}
	if l.sizes == nil {
		l.sizes = map[uint64]int64{}
	}
	l.sizes[e.Addr] = e.Size
	return nil
}

// leave ends the object at an address that is freed or lifted.
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

// Objects returns how many objects are live.
func (l *Live) Objects() int { return len(l.sizes) }

// Has reports whether an object is live at the address.
func (l *Live) Has(addr uint64) bool {
	_, live := l.sizes[addr]
	return live
}
