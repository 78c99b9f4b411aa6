// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/pagemap"
)

// Find describes the object, live or retained, whose extent contains addr. It walks
// all extents, and is for reports.
func (h *Heap) Find(addr uintptr) (Object, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if o := h.find(addr); o != nil {
		return o.describe(), true
	}
	return Object{}, false
}

// find returns the extent that contains addr. The caller holds h.mu.
func (h *Heap) find(addr uintptr) *object {
	for at := h.all; at != 0; at = objectAt(at).all.next {
		if o := objectAt(at); addr-o.start < o.total() {
			return o
		}
	}
	return nil
}

// A fate says why an address is no longer that of an object.
type fate uint8

const (
	unmapped fate = 1 + iota // the object was freed and its extent unmapped
	recycled                 // the object was freed and its run of pages returned to the chunk
	moved                    // Resize moved the object
)

// A past describes an object that is no longer at its address.
type past struct {
	base, size uintptr
	to         uintptr // the address that the object moved to
	fate       fate
}

// A ring remembers the last objects whose addresses became invalid. Other memory may lie at
// such an address now, so Report searches the ring last.
type ring struct {
	past [64]past
	next int
}

func (r *ring) add(p past) {
	r.past[r.next] = p
	r.next = (r.next + 1) % len(r.past)
}

// find returns the latest entry whose object contained addr.
func (r *ring) find(addr uintptr) (past, bool) {
	for i := range r.past {
		p := r.past[(r.next+len(r.past)-1-i)%len(r.past)]
		if p.fate != 0 && addr-p.base < p.size {
			return p, true
		}
	}
	return past{}, false
}

// Report describes why there is no live object at addr, or why another call has it.
func (h *Heap) Report(addr uintptr) *Violation {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := &Violation{Addr: addr, Reason: NotAnObject}
	if d := pagemap.Get(addr); d != 0 {
		o := objectAt(d)
		switch {
		case o.Kind != pagemap.Large:
			v.Detail = "the page belongs to a span of small blocks"
			return v
		case o.Owner != h.owner && addr >= o.user(): // before it, in the same page, can be the end of an object of h
			v.Detail = "the page belongs to an object of another allocator"
			return v
		case o.user() == addr:
			v.Object = o.describe()
			o.complete(v)
			return v
		}
	}
	if o := h.find(addr); o != nil {
		v.Object = o.describe()
		if o.user() == addr { // the page map has forgotten it: it is being unmapped, or the kernel refused that
			o.complete(v)
		} else {
			v.Detail = o.describeOffset(addr)
		}
		return v
	}
	if p, ok := h.old.find(addr); ok {
		p.complete(v)
		return v
	}
	v.Detail = "the address is not in any large object that is live or was freed recently"
	return v
}

// overwritten describes the damaged header of a live object.
func (o *object) overwritten() *Violation {
	s := o.describe()
	return &Violation{o.user(), HeaderOverwritten, s, s.String() + ": " + o.describeDamage()}
}

// complete sets the reason and the detail of v, a violation at the address of o. o is
// intact or not live.
func (o *object) complete(v *Violation) {
	v.Detail = v.Object.String()
	switch v.Object.State {
	case Live, Resizing: // the other call has made a Live one live again
		v.Reason = Busy
	default:
		v.Reason = DoubleFree
	}
}

// describeOffset says where addr, at which no object begins, lies in the extent.
func (o *object) describeOffset(addr uintptr) string {
	s := o.describe()
	switch {
	case addr < s.Base:
		return fmt.Sprintf("it points %d bytes in front of the %s", s.Base-addr, s)
	case addr-s.Base < s.Size:
		return fmt.Sprintf("it points %d bytes into the %s", addr-s.Base, s)
	}
	return fmt.Sprintf("it points %d bytes beyond the end of the %s", addr-s.Base-s.Size, s)
}

// complete sets the reason, the object and the detail of v, a violation at an address
// that was an object's.
func (p past) complete(v *Violation) {
	v.Object = Object{Base: p.base, Size: p.size, State: Gone}
	how := "was freed and returned to the kernel"
	switch p.fate {
	case recycled:
		how = "was freed and its pages returned to their chunk"
	case moved:
		how = fmt.Sprintf("was moved to %#x when it was resized", p.to)
	}
	if v.Addr != p.base {
		v.Detail = fmt.Sprintf("it points %d bytes into what was an object of %d bytes at %#x, which %s",
			v.Addr-p.base, p.size, p.base, how)
		return
	}
	if p.fate != moved {
		v.Reason = DoubleFree
	}
	v.Detail = fmt.Sprintf("the object of %d bytes %s", p.size, how)
}
