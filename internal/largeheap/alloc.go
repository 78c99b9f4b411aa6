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
	zeroed = o.pages == untouched
	o.full = o.full && o.pages == dirty
	o.pages = dirty
	o.seal(h.secret)
	return o, zeroed, nil
}

// reuse takes a retained extent that suits shape w and settles an object of that
// shape in it. It returns nil if none suits. It looks first where the memory is
// likeliest to be in the processor's caches: in the processor's own shard, then in
// the others, then in the cold shard.
func (h *Heap) reuse(w *shape) (*object, error) {
	own := h.local()
	if o, err := h.reuseFrom(own, w); o != nil || err != nil {
		return o, err
	}
	for i := range h.shards {
		s := &h.shards[i]
		if s == own {
			continue
		}
		if o, err := h.reuseFrom(s, w); o != nil || err != nil {
			return o, err
		}
	}
	return h.reuseFrom(&h.cold, w)
}

// reuseFrom does what reuse does, from s only.
func (h *Heap) reuseFrom(s *shard, w *shape) (*object, error) {
	s.mu.Lock()
	o, user := s.take(w)
	if o == nil {
		s.mu.Unlock()
		return nil, nil
	}
	o.set(Releasing) // it belongs to this call
	s.publish(h)
	s.retained(o).remove(o)
	s.live.add(o)
	s.requested += int64(w.size)
	s.mu.Unlock()
	err := h.settle(o, w, user)
	if err == nil {
		return o, nil
	}
	s.mu.Lock()
	s.live.remove(o)
	s.requested -= int64(w.size)
	s.retained(o).add(o)
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
	}
	if o.user() != user {
		o.renew()
	}
	o.Base = user + pagemap.LargeBias
	o.requested, o.accounted = w.size, w.size
	o.align = uint8(bits.TrailingZeros(uint(w.align)))
	return nil
}
