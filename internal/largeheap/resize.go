// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Resize changes the size of the claimed object d to size bytes, size > 0. It returns the
// descriptor and the address of the object, which may differ from the old ones. Resize keeps
// the alignment and the first min(kept, old size, size) bytes. If kept is less than size,
// the bytes after these are zero. Resize does not write pages that the kernel has just added,
// because they are zero. The kernel moves pages instead of copying them, except if
// a growing object finds retained memory, the alignment exceeds the page, or the object lies in
// a shared chunk.
//
// The returned object is claimed. After an error, d is unchanged and still claimed.
func (h *Heap) Resize(d Descriptor, kept, size uintptr) (Descriptor, uintptr, error) {
	o, err := h.resize(objectAt(uintptr(d)), min(kept, size), size)
	if err != nil {
		return d, 0, err
	}
	return Descriptor(o.addr()), o.user(), nil
}

func (h *Heap) resize(o *object, kept, size uintptr) (*object, error) {
	addr := o.user()
	total := totalFor(addr-o.start, min(size, tooLarge), vm.PageSize())
	if total >= tooLarge {
		return nil, vm.ErrOutOfMemory
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
		if now := h.growByCopy(o, kept, size); now != nil {
			return now, nil
		}
		return h.grow(o, kept, size, total)
	}
	return o, nil
}

// growByCopy copies the object to a retained dirty extent, and returns nil if there is none
// or if a longer mapping costs less. Adding pages to a mapping costs several times as much
// for each byte as copying, because each page is a fault.
func (h *Heap) growByCopy(o *object, kept, size uintptr) *object {
	w, ok := shapeOf(size, 1<<o.align)
	if !ok || !Descriptor(o.addr()).GrowsByCopy(kept, size) {
		return nil
	}
	now, err := h.reuse(&w)
	if err != nil || now == nil {
		return nil
	}
	h.finish(now)
	return h.moveTo(now, size, o, kept, size)
}

// GrowsByCopy reports whether the claimed object, if it grows to size bytes and keeps the first
// kept ones, should be copied to memory that was used before.
func (d Descriptor) GrowsByCopy(kept, size uintptr) bool {
	o := objectAt(uintptr(d))
	usable := o.usable()
	return size > usable && min(kept, usable) <= maxCopied*(size-usable) && o.align <= minAlignLog
}

// maxCopied is how many bytes of a growing object are copied at most for each byte by which it
// grows. A fault for a page of 4 KiB costs 2 to 4 times as much as copying a page.
const maxCopied = 2

// resizeInPlace changes only the requested size.
func (h *Heap) resizeInPlace(o *object, size uintptr) {
	h.resized(o, size, o.start, o.total(), o.mapping)
}

// resized notes that o now has size bytes, and that its extent is the total bytes at start
// in mapping m.
func (h *Heap) resized(o *object, size, start, total uintptr, m vm.Mapping) {
	s := h.local()
	s.mu.Lock()
	s.live.Bytes += int64(total) - int64(o.total())
	h.account(s, o, size)
	need := totalFor(o.user()-o.start, size, vm.PageSize())
	h.demand.loosen(o, min(o.loose, total-min(total, need)))
	s.publish(h)
	s.slack -= int64(o.slack())
	o.full = o.full && total <= o.total()
	h.mu.Lock()
	o.Base += start - o.start
	o.start, o.end, o.mapping, o.requested = start, start+total, m, size
	h.mu.Unlock()
	s.slack += int64(o.slack())
	s.mu.Unlock()
	o.seal(h.secret)
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

// grow lengthens the extent to total bytes. The kernel may move it.
//
// grow removes the object from the page map first, because any thread can map the old
// addresses as soon as the object has moved.
func (h *Heap) grow(o *object, kept, size, total uintptr) (*object, error) {
	more, written := total-o.total(), o.usable()
	if err := h.space.Acquire(more); err != nil {
		return nil, err
	}
	room, err := pagemap.Prepare()
	if err != nil {
		h.space.Drop(more)
		return nil, err
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
	if !h.fitsHuge(o.total()) {
		h.adviseHuge(start, total, m)
	}
	user := old - o.start + start
	room.Redeem(user)
	if user != old {
		o.renew()
		h.mu.Lock()
		h.old.add(past{base: old, size: o.requested, to: user, fate: moved})
		h.mu.Unlock()
	}
	_ = o.register(user) // cannot fail: there is room
	if kept < written {
		h.zero(o, user+kept, written-kept)
	}
	h.resized(o, size, start, total, m)
	h.cooldown()
	return o, nil
}

// resizeByCopy copies the first kept bytes, or as many as both sizes allow, to an object in
// another extent, and zeroes the bytes after them.
func (h *Heap) resizeByCopy(o *object, kept, size uintptr) (*object, error) {
	now, written, err := h.alloc(size, 1<<o.align)
	if err != nil {
		return nil, err
	}
	return h.moveTo(now, written, o, kept, size), nil
}

// moveTo moves the object o to the extent of now, of whose bytes only the first written ones may be
// nonzero. It frees the extent of o.
func (h *Heap) moveTo(now *object, written uintptr, o *object, kept, size uintptr) *object {
	now.set(Resizing)
	raw.Copy(now.user(), o.user(), min(kept, o.usable()))
	if kept < written {
		h.zero(now, now.user()+kept, written-kept)
	}
	if h.wipe {
		h.Wipe(Descriptor(o.addr()))
	}
	o.set(Releasing)
	h.dispose(o)
	return now
}
