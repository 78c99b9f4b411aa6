// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Resize changes the size of the object at addr to size bytes, size > 0, and returns
// its address, which may be another. It keeps the alignment, and the contents up to the
// smaller of size and the object's usable bytes. The contents of added bytes are
// unspecified. The kernel moves pages instead of copying them, except if the alignment
// exceeds the page or a shared chunk holds the object.
//
// Resize returns a *Violation if there is no intact live object at addr. After any
// error the object is unchanged.
func (h *Heap) Resize(addr, size uintptr) (newAddr uintptr, err error) {
	return h.resize(addr, size, size)
}

// ResizeZero is Resize, except that it keeps only the first kept bytes of the contents
// and zeroes all that follow. It does not write pages that the kernel has just added,
// which are zero.
func (h *Heap) ResizeZero(addr, kept, size uintptr) (newAddr uintptr, err error) {
	return h.resize(addr, min(kept, size), size)
}

// resize does what ResizeZero does, and what Resize does if kept equals size.
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

// resizeInPlace changes only the requested size.
func (h *Heap) resizeInPlace(o *object, size uintptr) {
	h.resized(o, size, o.start, o.total(), o.mapping)
}

// resized ends the resizing of o. The object now has size bytes, and the extent is the
// total bytes at start in mapping m.
func (h *Heap) resized(o *object, size, start, total uintptr, m vm.Mapping) {
	s := h.local()
	s.mu.Lock()
	s.live.Bytes += int64(total) - int64(o.total())
	h.account(s, o, size)
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

// shrink cuts the extent down to total bytes. If the kernel refuses, the tail stays a
// part of the extent, and shrink gives its RAM back.
func (h *Heap) shrink(o *object, size, total uintptr) {
	m, err := h.space.Remap(o.mapping, o.start-o.mapping.Base+total)
	if err != nil {
		_ = h.space.Purge(o.start+total, o.total()-total, false) // the kernel may refuse this too
		h.resizeInPlace(o, size)
		return
	}
	h.space.Refund(o.total() - total)
	h.resized(o, size, o.start, total, m)
}

// grow lengthens the extent to total bytes, wherever the kernel finds room.
//
// The page map forgets the object first, because its old addresses can be anybody's
// once it has moved.
func (h *Heap) grow(o *object, kept, size, total uintptr) (newAddr uintptr, err error) {
	more, written := total-o.total(), o.usable()
	if err := h.space.Hold(more); err != nil {
		o.set(Live)
		return 0, err
	}
	room, err := pagemap.Prepare()
	if err != nil {
		h.space.Drop(more)
		o.set(Live)
		return 0, err
	}
	old, page, ahead := o.user(), o.page, o.start-o.mapping.Base
	o.unregister()
	m, err := h.space.Remap(o.mapping, ahead+total)
	if err != nil {
		room.Drop()
		h.space.Drop(more)
		_ = o.register(page) // cannot fail: it was registered there
		return h.resizeByCopy(o, kept, size)
	}
	h.space.Confirm(more)
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

// resizeByCopy moves the object to another extent, with as many of the first kept bytes
// as fit, and zeroes all that follow those.
func (h *Heap) resizeByCopy(o *object, kept, size uintptr) (newAddr uintptr, err error) {
	newAddr, zeroed, err := h.Alloc(size, 1<<o.align, false)
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
