package largeheap

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/pagemap"
)

// Find returns the object whose region addr lies in, be it live or retained. It
// walks all regions: it is for reports.
func (h *Heap) Find(addr uintptr) (Object, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if o := h.find(addr); o != nil {
		return o.story(), true
	}
	return Object{}, false
}

// find returns the region that addr lies in. Call it with h.mu held.
func (h *Heap) find(addr uintptr) *object {
	for at := h.all; at != 0; at = objectAt(at).all.next {
		if o := objectAt(at); addr-o.start < o.total() {
			return o
		}
	}
	return nil
}

// A fate is why an address ceased to be an object's.
type fate uint8

const (
	unmapped fate = 1 + iota // freed, and the region unmapped
	recycled                 // freed, and the run of pages given back to its chunk
	moved                    // Resize moved the object
)

// A past is what is remembered of an address that was an object's.
type past struct {
	base, size uintptr
	to         uintptr // where the object was moved
	fate       fate
}

// A ring remembers the last objects whose addresses ceased to be valid. Other
// memory may have come to lie there since, so it is asked last.
type ring struct {
	past [64]past
	next int
}

func (r *ring) add(p past) {
	r.past[r.next] = p
	r.next = (r.next + 1) % len(r.past)
}

// find returns the latest entry whose object addr was in.
func (r *ring) find(addr uintptr) (past, bool) {
	for i := range r.past {
		p := r.past[(r.next+len(r.past)-1-i)%len(r.past)]
		if p.fate != 0 && addr-p.base < p.size {
			return p, true
		}
	}
	return past{}, false
}

// diagnose finds out why there is no live object at addr, or why it was lost to
// another call.
func (h *Heap) diagnose(addr uintptr) *Violation {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := &Violation{Addr: addr, Reason: NotAnObject}
	if d := pagemap.Get(addr); d != 0 {
		o := objectAt(d)
		switch {
		case o.Kind != pagemap.Large:
			v.Detail = "the page belongs to a span of small blocks"
			return v
		case o.Owner != h.owner:
			v.Detail = "the page belongs to an object of another allocator"
			return v
		case o.user() == addr:
			v.Object = o.story()
			o.tell(v)
			return v
		}
	}
	if o := h.find(addr); o != nil {
		v.Object = o.story()
		if o.user() == addr { // gone from the page map: being unmapped, or that was refused
			o.tell(v)
		} else {
			v.Detail = o.locate(addr)
		}
		return v
	}
	if p, ok := h.old.find(addr); ok {
		p.tell(v)
		return v
	}
	v.Detail = "the address is not in any large object, live or lately freed"
	return v
}

// overwritten returns the violation of a live object whose header was damaged.
func (o *object) overwritten() *Violation {
	s := o.story()
	return &Violation{o.user(), HeaderOverwritten, s, s.String() + ": " + o.damage()}
}

// tell completes a violation at the address of o, which is intact or not live.
func (o *object) tell(v *Violation) {
	v.Detail = v.Object.String()
	switch v.Object.State {
	case Live, Resizing: // a Live one became so after the call had lost it
		v.Reason = Busy
	default:
		v.Reason = DoubleFree
	}
}

// locate says where in its region an address lies at which no object begins.
func (o *object) locate(addr uintptr) string {
	s := o.story()
	switch {
	case addr < s.Base:
		return fmt.Sprintf("it points %d bytes in front of the %s", s.Base-addr, s)
	case addr-s.Base < s.Size:
		return fmt.Sprintf("it points %d bytes into the %s", addr-s.Base, s)
	}
	return fmt.Sprintf("it points %d bytes behind the end of the %s", addr-s.Base-s.Size, s)
}

// tell completes a violation at an address that was an object's.
func (p past) tell(v *Violation) {
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
