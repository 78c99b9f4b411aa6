// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"math/bits"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Alloc returns the address of an object of size bytes, size > 0. The address is a
// multiple of 64 and of align, a power of two. If needZero is set, the object is
// returned zeroed; otherwise its contents are unspecified. zeroed reports whether
// the object is known to be zero.
//
// The error is vm.ErrLimit if the object would exceed the limit of the space, to
// which retained extents count, and vm.ErrOutOfMemory if the kernel refuses.
func (h *Heap) Alloc(size, align uintptr, needZero bool) (addr uintptr, zeroed bool, err error) {
	o, written, err := h.alloc(size, align)
	if err != nil {
		return 0, false, err
	}
	addr = o.user()
	h.fillAhead(o, addr+written, size-written)
	if needZero && written > 0 {
		h.zero(o, addr, written)
		written = 0
	}
	o.set(Live)
	return addr, written == 0, nil
}

// alloc is Alloc, except that the object is not live yet: it is the caller's. Only its first
// written bytes may be nonzero.
func (h *Heap) alloc(size, align uintptr) (o *object, written uintptr, err error) {
	w, ok := shapeOf(size, align)
	if !ok {
		return nil, 0, vm.ErrOutOfMemory
	}
	o, written, err = h.supply(&w)
	if err != nil {
		return nil, 0, err
	}
	if h.finish(o) {
		written = 0
	}
	return o, written, nil
}

// supply finds or makes an extent and settles an object of shape w in it. Dirty extents come
// first, because their pages cost no faults: those that are long enough, then shorter ones.
func (h *Heap) supply(w *shape) (o *object, written uintptr, err error) {
	if o, err = h.reuse(w); o != nil || err != nil {
		return o, w.size, err
	}
	if o, written = h.reuseShorter(w); o != nil {
		return o, written, nil
	}
	if o, err = h.reuseFrom(&h.cold, w, maxTotal(w.total)); o == nil && err == nil {
		o, err = h.obtain(w)
	}
	return o, w.size, err
}

// finish makes the header of a settled object. It reports whether the object is known to be
// zero.
func (h *Heap) finish(o *object) (zeroed bool) {
	zeroed = o.pages == untouched
	o.full = o.full && o.pages == dirty
	o.pages = dirty
	o.seal(h.secret)
	return zeroed
}

// reuse takes a dirty extent that is long enough for shape w and settles an object of that
// shape in it. It returns nil if none suits. Extents that are longer than they should be come
// last.
func (h *Heap) reuse(w *shape) (*object, error) {
	o, err := h.reuseDirty(w, maxTotal(w.total))
	if limit := h.demand.looseLimit(w.total); o == nil && err == nil && limit > maxTotal(w.total) {
		return h.reuseDirty(w, limit)
	}
	return o, err
}

// reuseDirty does what reuse does, with dirty extents of up to limit bytes. It looks first
// where the memory is likeliest to be in the processor's caches: in the processor's own shard.
func (h *Heap) reuseDirty(w *shape, limit uintptr) (*object, error) {
	own := h.local()
	if o, err := h.reuseFrom(own, w, limit); o != nil || err != nil {
		return o, err
	}
	for i := range h.shards {
		s := &h.shards[i]
		if s == own || s.count.Load() == 0 {
			continue
		}
		if o, err := h.reuseFrom(s, w, limit); o != nil || err != nil {
			return o, err
		}
	}
	return nil, nil
}

// reuseFrom does what reuse does, from s only and with extents of up to limit bytes.
func (h *Heap) reuseFrom(s *shard, w *shape, limit uintptr) (*object, error) {
	s.mu.Lock()
	o, user := s.take(w, limit)
	if o == nil {
		s.mu.Unlock()
		return nil, nil
	}
	o.set(Releasing) // it belongs to this call
	s.retained(o).remove(o)
	s.live.add(o)
	s.requested += int64(w.size)
	s.publish(h)
	if limit > maxTotal(w.total) {
		h.demand.loosen(o, o.total()-w.total)
	}
	s.mu.Unlock()
	err := h.settle(o, w, user)
	if err == nil {
		return o, nil
	}
	s.mu.Lock()
	s.live.remove(o)
	s.requested -= int64(w.size)
	s.retained(o).add(o)
	h.demand.loosen(o, 0)
	s.put(h, o)
	s.mu.Unlock()
	return nil, err
}

// settle makes o describe an object of shape w at address user. On failure o is
// unchanged.
func (h *Heap) settle(o *object, w *shape, user uintptr) error {
	charge := o.pages != dirty && !o.carved() // the page heap charges for its own runs
	if charge {
		if err := h.space.Acquire(o.total()); err != nil {
			return err
		}
	}
	if err := o.register(user); err != nil {
		if charge {
			h.space.Drop(o.total())
		}
		return err
	}
	if charge {
		h.space.Confirm(o.total())
		h.adviseHuge(o.start, o.total(), o.mapping)
	}
	if o.user() != user {
		o.renew()
	}
	o.Base = user + pagemap.LargeBias
	o.requested, o.accounted = w.size, w.size
	o.align = uint8(bits.TrailingZeros(uint(w.align)))
	return nil
}
