package largeheap

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/fault"
)

// EachDamaged calls f for each live object whose header was overwritten, when it has
// looked at all of them. Others may use the heap meanwhile; what takes its lock waits.
func (h *Heap) EachDamaged(f func(*Violation)) {
	var all []*Violation
	h.lockAll()
	for at := h.all; at != 0; at = objectAt(at).all.next {
		if o := objectAt(at); h.damaged(o) {
			all = append(all, o.overwritten())
		}
	}
	h.unlockAll()
	for _, v := range all {
		f(v)
	}
}

// damaged reports whether o is live and its header overwritten. Without any lock a call
// may free the object, park it and hand it out again while the header is read, which is
// then in between: so it is damaged only if it is found so every time. It may even be
// unmapped: then it is not live.
func (h *Heap) damaged(o *object) bool {
	const times = 3
	for range times {
		addr := o.user()
		intact := true
		gone := fault.Catch(func() { intact = o.current() != Live || o.intact(addr, h.secret) },
			func(uintptr) error { return errUnmapped })
		if gone != nil || intact || o.current() != Live {
			return false
		}
	}
	return true
}

var errUnmapped = errors.New("largeheap: the object is being unmapped")
