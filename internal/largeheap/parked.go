package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/internal/watch"
)

// parkMost is the usable length of the largest object that is parked, in bytes.
const parkMost = 2 << 20

// Park takes a live object off the program for a caller who keeps a few freed
// objects for itself, to hand them out again by Unpark. Neither locks or uses a
// read-modify-write operation. It returns the object's descriptor; none if this is
// not an object to be parked, or no object at all: Free knows.
//
// A parked object stays dirty and counts as live in Stats. It must end in Unpark
// or Retire.
//
//go:norace
func (h *Heap) Park(addr uintptr) (at uintptr) {
	o := h.lookup(addr)
	if o == nil || o.current() != Live || o.usable() > h.parks || !o.intact(addr, h.secret) {
		return 0
	}
	o.set(Parked)
	headerAt(addr)[wordState] = uint64(Parked)
	return o.addr()
}

// Unpark makes the parked object with the descriptor at one of size bytes, if its
// region suits that; fits tells. A region that was mapped for an object of the same
// size may have almost two pages behind it. Its address is addr, as it was given to Park.
// change is by how much the bytes asked for have changed: the caller adds them up
// for Asked.
//
// parked is false if the object is not parked any more: it was freed, and so
// parked, twice at the same time, and the other entry was used already.
//
//go:norace
func (h *Heap) Unpark(at, addr, size uintptr) (change int64, fits, parked bool) {
	o := objectAt(at)
	if o.current() != Parked {
		return 0, false, false
	}
	if usable := o.usable(); usable < size || usable > roomiest(size)+2*vm.PageSize() {
		return 0, false, true
	}
	change = int64(size) - int64(o.requested)
	o.requested = size
	header := headerAt(addr)
	header[wordRequested] = uint64(size)
	header[wordState] = uint64(Live)
	o.set(Live)
	return change, true, true
}

// FreedTwiceAtOnce returns the story of a descriptor that was not parked any more.
func FreedTwiceAtOnce(at uintptr) *Violation {
	s := objectAt(at).story()
	return &Violation{s.Base, DoubleFree, s, "two goroutines freed the " + s.String() +
		" at the same time; that was found when it was about to be used again"}
}

// Retire frees a parked object. One that was parked twice is freed once.
func (h *Heap) Retire(at uintptr) {
	if o := objectAt(at); o.swap(Parked, Releasing) {
		watch.Acquire(o.user())
		h.dispose(o)
	}
}

// Asked adds changes that Unpark returned to the bytes that are asked for.
func (h *Heap) Asked(change int64) {
	if change != 0 {
		h.asked.Add(change)
	}
}

// At returns what is known of the object with the descriptor at, of any heap, while
// others may use it.
func At(at uintptr) Object { return objectAt(at).story() }

// book makes n bytes be counted as asked for by o. Unpark changes what is asked
// for without counting; its caller's sum of changes stands in for the difference,
// and is corrected when that ends. Call it with s.mu held.
func (h *Heap) book(s *shard, o *object, n uintptr) {
	s.requested += int64(n) - int64(o.booked)
	h.Asked(int64(o.booked) - int64(o.requested))
	o.booked = n
}

// UsableAt returns how many bytes the object with the descriptor at d has, from
// its first to the last of its region; of any heap, live or parked.
func UsableAt(d uintptr) uintptr { return objectAt(d).usable() }

// RequestedAt returns how many bytes of the live object with the descriptor at d were
// requested.
func RequestedAt(d uintptr) uintptr { return objectAt(d).requested }

// LiveAt reports whether the object with the descriptor at d is live.
func LiveAt(d uintptr) bool { return objectAt(d).current() == Live }
