package largeheap

import (
	"math/bits"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Alloc returns the address of an object of size bytes, size > 0, aligned to
// align, a power of two; to 64 at least. With wantZeros its bytes are zeros,
// otherwise they are anything.
//
// It fails with vm.ErrLimit when the space's limit would be exceeded, to which
// what is retained counts, and with vm.ErrOutOfMemory when the kernel refuses.
func (h *Heap) Alloc(size, align uintptr, wantZeros bool) (addr uintptr, err error) {
	addr, zero, err := h.AllocFresh(size, align)
	if err == nil && wantZeros && !zero {
		h.Zero(addr, size)
	}
	return addr, err
}

// AllocFresh is Alloc without zeros wanted, for who clears memory as it is used:
// zero tells whether all bytes are zeros already.
func (h *Heap) AllocFresh(size, align uintptr) (addr uintptr, zero bool, err error) {
	w, ok := shapeOf(size, align)
	if !ok {
		return 0, false, vm.ErrOutOfMemory
	}
	o, err := h.reuse(&w)
	if o == nil && err == nil {
		o, err = h.obtain(&w)
	}
	if err != nil {
		return 0, false, err
	}
	zero = o.pages == zeroed
	o.full = o.full && o.pages == dirty
	o.pages = dirty
	o.seal(h.secret)
	o.set(Live)
	return o.user(), zero, nil
}

// reuse returns a retained region with room made for an object of shape w, nil
// if none suits. It looks first where the memory is likeliest to be cached: in
// the processor's own shard, then in the others', then among the purged regions.
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

// reuseFrom is reuse, from s only.
func (h *Heap) reuseFrom(s *shard, w *shape) (*object, error) {
	s.mu.Lock()
	o, user := s.take(w)
	if o == nil {
		s.mu.Unlock()
		return nil, nil
	}
	o.set(Releasing) // the caller's; nobody else's call may have it
	s.publish(h)
	s.retained(o).drop(o)
	s.live.add(o)
	s.requested += int64(w.size)
	s.mu.Unlock()
	err := h.settle(o, w, user)
	if err == nil {
		return o, nil
	}
	s.mu.Lock()
	s.live.drop(o)
	s.requested -= int64(w.size)
	s.retained(o).add(o)
	s.put(h, o)
	s.mu.Unlock()
	return nil, err
}

// settle gives an object of shape w its place in o, at address user. If it fails o
// is as it was.
func (h *Heap) settle(o *object, w *shape, user uintptr) error {
	charge := o.pages != dirty && !o.carved() // the page heap charges for its runs
	if charge {
		if err := h.space.Charge(o.total()); err != nil {
			return err
		}
	}
	if err := o.register(user); err != nil {
		if charge {
			h.space.Refund(o.total())
		}
		return err
	}
	o.Base = user + pagemap.LargeBias
	o.requested, o.booked = w.size, w.size
	o.align = uint8(bits.TrailingZeros(uint(w.align)))
	return nil
}
