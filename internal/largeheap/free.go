package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Free takes back the object at addr. A *Violation says that there is no intact
// live object; nothing has been freed then.
func (h *Heap) Free(addr uintptr) error {
	o, err := h.claim(addr, Releasing)
	if err != nil {
		return err
	}
	h.dispose(o)
	return nil
}

// Usable returns the bytes from the object's first to its region's last, at
// least those asked for. A *Violation says that there is no intact live object.
func (h *Heap) Usable(addr uintptr) (uintptr, error) {
	o := h.lookup(addr)
	if o == nil || o.current() != Live {
		return 0, h.diagnose(addr)
	}
	if !o.intact(addr, h.secret) {
		return 0, o.overwritten()
	}
	return o.usable(), nil
}

// claim makes the intact live object at addr the caller's by changing its state.
//
// The registry is asked first and the state is won before the header is read:
// so it is read only where a live object's is mapped and stays so, and of two
// calls that race for the object one is told.
func (h *Heap) claim(addr uintptr, to State) (*object, error) {
	o := h.lookup(addr)
	if o == nil || !o.swap(Live, to) {
		return nil, h.diagnose(addr)
	}
	if !o.intact(addr, h.secret) {
		o.set(Live)
		return nil, o.overwritten()
	}
	return o, nil
}

// lookup returns the object of this heap that the page map has at addr, whatever
// its state; nil if there is none.
func (h *Heap) lookup(addr uintptr) *object {
	d := pagemap.Get(addr)
	if d == 0 {
		return nil
	}
	o := objectAt(d)
	if o.Kind != pagemap.Large || o.user() != addr || o.Owner != h.owner {
		return nil
	}
	return o
}

// dispose is what the policy makes of the region of a freed object.
func (h *Heap) dispose(o *object) {
	mark(o.user(), Retained)
	if o.carved() {
		h.uncarve(o)
		return
	}
	h.retire(h.local(), o)
}

// uncarve gives the run of a freed object back to the page heap.
func (h *Heap) uncarve(o *object) {
	s := h.local()
	s.mu.Lock()
	s.live.drop(o)
	s.carved.drop(o)
	h.book(s, o, 0)
	s.mu.Unlock()
	o.unregister()
	h.mu.Lock()
	h.unlist(o)
	h.old.add(past{base: o.user(), size: o.requested, fate: recycled})
	h.mu.Unlock()
	h.chunks.Free(o.start, int(o.total()/sizeclass.PageSize))
	o.drop()
}

// Requested returns what was asked for of the live object at addr, in bytes.
func (h *Heap) Requested(addr uintptr) uintptr { return h.lookup(addr).requested }

// IsLive reports whether a live object begins at addr.
func (h *Heap) IsLive(addr uintptr) bool {
	o := h.lookup(addr)
	return o != nil && o.current() == Live
}
