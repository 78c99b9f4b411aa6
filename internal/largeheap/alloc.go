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
	o, zeroed, err := h.alloc(size, align)
	if err != nil {
		return 0, false, err
	}
	addr = o.user()
	if needZero && !zeroed {
		h.zero(o, addr, size)
		zeroed = true
	}
	o.set(Live)
	return addr, zeroed, nil
}

// alloc is Alloc, except that the object is not live yet: it is the caller's.
func (h *Heap) alloc(size, align uintptr) (o *object, zeroed bool, err error) {
	w, ok := shapeOf(size, align)
	if !ok {
		return nil, false, vm.ErrOutOfMemory
	}
	if o, err = h.reuse(&w); o == nil && err == nil {
		o, err = h.obtain(&w)
	}
	if err != nil {
		return nil, false, err
	}
	return o, h.finish(o), nil
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

// reuse takes a retained extent that suits shape w and settles an object of that
// shape in it. It returns nil if none suits. Dirty extents come first: they cost no page
// faults. A dirty extent that is longer than it should be comes before a purged one.
func (h *Heap) reuse(w *shape) (*object, error) {
	if o, err := h.reuseDirty(w, maxTotal(w.total)); o != nil || err != nil {
		return o, err
	}
	if limit := h.demand.looseLimit(w.total); limit > maxTotal(w.total) {
		if o, err := h.reuseDirty(w, limit); o != nil || err != nil {
			return o, err
		}
	}
	return h.reuseFrom(&h.cold, w, maxTotal(w.total))
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
