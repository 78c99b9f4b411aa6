// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/fault"
)

// EachDamaged looks at all live objects, and then calls f for each whose header was
// overwritten. Other calls may use the heap meanwhile; those that need its lock wait.
func (h *Heap) EachDamaged(f func(*Violation)) {
	var all []*Violation
	h.lockAll()
	for at := h.all; at != 0; at = objectAt(at).all.next {
		if v := h.damage(objectAt(at)); v != nil {
			all = append(all, v)
		}
	}
	h.unlockAll()
	for _, v := range all {
		f(v)
	}
}

// damage describes the header of o if o is live and its header is overwritten. Other calls
// need no lock to free the object, put it into a cache and take it out again. A header that
// is read meanwhile can be half written, so the object counts as damaged only if repeated
// reads agree. The object can even be unmapped; then it is not live.
func (h *Heap) damage(o *object) (v *Violation) {
	const times = 3
	for range times {
		addr := o.user()
		intact := true
		gone := fault.Catch(func() {
			if intact = o.current() != Live || o.intact(addr, h.secret); !intact {
				v = o.overwritten()
			}
		}, func(uintptr) error { return errUnmapped })
		if gone != nil || intact || o.current() != Live {
			return nil
		}
	}
	return v
}

var errUnmapped = errors.New("largeheap: the object is being unmapped")
