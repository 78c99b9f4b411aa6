package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Resize changes the size of the object at addr to size bytes, size > 0, and
// returns its address, which may be another. Contents are kept up to the lesser
// of size and the object's usable bytes; what is added is anything. Alignment is
// kept. The kernel moves pages rather than copying them, except where an
// alignment beyond the page or a shared chunk stands against it.
//
// A *Violation says that there is no intact live object at addr. After any error
// the object is as it was.
func (h *Heap) Resize(addr, size uintptr) (newAddr uintptr, err error) {
	newAddr, _, err = h.resize(addr, size)
	return newAddr, err
}

// ResizeZero is Resize, but of the contents the first kept bytes count, and all
// that follow are zero. Pages that the kernel adds are so without being written.
func (h *Heap) ResizeZero(addr, kept, size uintptr) (newAddr uintptr, err error) {
	newAddr, written, err := h.resize(addr, size)
	if written = min(written, size); err == nil && kept < written {
		clear(raw.Bytes(newAddr+kept, written-kept))
	}
	return newAddr, err
}

// resize is Resize; from the written-th byte on the object is zero.
func (h *Heap) resize(addr, size uintptr) (newAddr, written uintptr, err error) {
	o, err := h.claim(addr, Resizing)
	if err != nil {
		return 0, 0, err
	}
	total := totalFor(addr-o.start, min(size, tooLarge), vm.PageSize())
	if total >= tooLarge {
		o.set(Live)
		return 0, 0, vm.ErrOutOfMemory
	}
	switch {
	case total <= o.total() && (o.carved() || o.total()-total < o.total()/8):
		h.resizeInPlace(o, size)
	case total < o.total():
		h.shrink(o, size, total)
	case o.carved() || 1<<o.align > vm.PageSize():
		newAddr, err = h.resizeByCopy(o, size, o.usable())
		return newAddr, size, err
	default:
		return h.grow(o, size, total)
	}
	return addr, size, nil
}

// resizeInPlace changes only the bytes that count as asked for.
func (h *Heap) resizeInPlace(o *object, size uintptr) {
	h.resized(o, size, o.start, o.total(), o.mapping)
}

// resized ends the resizing of o: its object has size bytes now, and it lies
// where the other arguments say.
func (h *Heap) resized(o *object, size, start, total uintptr, m vm.Mapping) {
	s := h.local()
	s.mu.Lock()
	s.live.Bytes += int64(total) - int64(o.total())
	h.book(s, o, size)
	s.slack -= int64(o.slack())
	h.mu.Lock()
	o.Base += start - o.start
	o.start, o.end, o.mapping, o.requested = start, start+total, m, size
	h.mu.Unlock()
	s.slack += int64(o.slack())
	s.mu.Unlock()
	o.seal(h.secret)
	o.set(Live)
}

// shrink cuts the region down to total bytes. Where the kernel refuses that, the
// tail stays part of the object; its RAM is given back at least.
func (h *Heap) shrink(o *object, size, total uintptr) {
	m, err := h.space.Remap(o.mapping, o.start-o.mapping.Base+total)
	if err != nil {
		_ = h.space.Purge(o.start+total, o.total()-total, false) // it may be refused as well
		h.resizeInPlace(o, size)
		return
	}
	h.space.Refund(o.total() - total)
	h.resized(o, size, o.start, total, m)
}

// grow extends the region to total bytes, wherever the kernel finds room.
//
// The page map forgets the object first: once it has moved, its old addresses
// may be anybody's.
func (h *Heap) grow(o *object, size, total uintptr) (newAddr, written uintptr, err error) {
	more, written := total-o.total(), o.usable()
	if err := h.space.Charge(more); err != nil {
		o.set(Live)
		return 0, 0, err
	}
	room, err := pagemap.Prepare()
	if err != nil {
		h.space.Refund(more)
		o.set(Live)
		return 0, 0, err
	}
	old, page, ahead := o.user(), o.page, o.start-o.mapping.Base
	o.unregister()
	m, err := h.space.Remap(o.mapping, ahead+total)
	if err != nil {
		room.Drop()
		h.space.Refund(more)
		_ = o.register(page) // cannot fail: it was registered there
		newAddr, err = h.resizeByCopy(o, size, written)
		return newAddr, size, err
	}
	start := m.Base + ahead
	user := old - o.start + start
	room.Redeem(user)
	if user != old {
		h.mu.Lock()
		h.old.add(past{base: old, size: o.requested, to: user, fate: moved})
		h.mu.Unlock()
	}
	_ = o.register(user) // cannot fail: there is room
	h.resized(o, size, start, total, m)
	return user, written, nil
}

// resizeByCopy moves the object to another region, with the first kept bytes, as
// far as they fit.
func (h *Heap) resizeByCopy(o *object, size, kept uintptr) (newAddr uintptr, err error) {
	newAddr, err = h.Alloc(size, 1<<o.align, false)
	if err != nil {
		o.set(Live)
		return 0, err
	}
	n := min(size, kept)
	copy(raw.Bytes(newAddr, n), raw.Bytes(o.user(), n))
	o.set(Releasing)
	h.dispose(o)
	return newAddr, nil
}
