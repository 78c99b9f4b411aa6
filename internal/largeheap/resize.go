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
	return h.resize(addr, size, size)
}

// ResizeZero is Resize, but of the contents the first kept bytes count, and all
// that follow are zero. Pages that the kernel adds are so without being written.
func (h *Heap) ResizeZero(addr, kept, size uintptr) (newAddr uintptr, err error) {
	return h.resize(addr, min(kept, size), size)
}

// resize is ResizeZero, and Resize if all of size is kept.
func (h *Heap) resize(addr, kept, size uintptr) (newAddr uintptr, err error) {
	o, err := h.claim(addr, Resizing)
	if err != nil {
		return 0, err
	}
	total := totalFor(addr-o.start, min(size, tooLarge), vm.PageSize())
	if total >= tooLarge {
		o.set(Live)
		return 0, vm.ErrOutOfMemory
	}
	switch {
	case total <= o.total() && (o.carved() || o.total()-total < o.total()/8):
		h.zero(o, addr+kept, size-kept)
		h.resizeInPlace(o, size)
	case total < o.total():
		h.zero(o, addr+kept, size-kept)
		h.shrink(o, size, total)
	case o.carved() || 1<<o.align > vm.PageSize():
		return h.resizeByCopy(o, kept, size)
	default:
		return h.grow(o, kept, size, total)
	}
	return addr, nil
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
	o.full = o.full && total <= o.total()
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
func (h *Heap) grow(o *object, kept, size, total uintptr) (newAddr uintptr, err error) {
	more, written := total-o.total(), o.usable()
	if err := h.space.Charge(more); err != nil {
		o.set(Live)
		return 0, err
	}
	room, err := pagemap.Prepare()
	if err != nil {
		h.space.Refund(more)
		o.set(Live)
		return 0, err
	}
	old, page, ahead := o.user(), o.page, o.start-o.mapping.Base
	o.unregister()
	m, err := h.space.Remap(o.mapping, ahead+total)
	if err != nil {
		room.Drop()
		h.space.Refund(more)
		_ = o.register(page) // cannot fail: it was registered there
		return h.resizeByCopy(o, kept, size)
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
	if kept < written {
		h.zero(o, user+kept, written-kept)
	}
	h.resized(o, size, start, total, m)
	return user, nil
}

// resizeByCopy moves the object to another region, with the first kept bytes, as
// far as they fit, and makes what follows those zero.
func (h *Heap) resizeByCopy(o *object, kept, size uintptr) (newAddr uintptr, err error) {
	newAddr, zeroed, err := h.AllocFresh(size, 1<<o.align)
	if err != nil {
		o.set(Live)
		return 0, err
	}
	raw.Copy(newAddr, o.user(), min(kept, o.usable()))
	if !zeroed && kept < size {
		h.zero(h.lookup(newAddr), newAddr+kept, size-kept)
	}
	o.set(Releasing)
	h.dispose(o)
	return newAddr, nil
}
