package largeheap

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/invariants"
	"github.com/ashlar-go/ashlar/internal/pagemap"
)

// check panics if the heap breaks an invariant of the package documentation. It
// compiles to nothing unless invariants are enabled.
func (h *Heap) check() {
	if !invariants.Enabled {
		return
	}
	if err := h.Check(); err != nil {
		panic(err)
	}
}

// Check looks whether the heap keeps the invariants of the package
// documentation and says which it does not. It walks all regions with the heap
// locked: it is for tests.
func (h *Heap) Check() error {
	h.lockAll()
	defer h.unlockAll()
	listed, err := h.checkCaches()
	if err != nil {
		return err
	}
	return h.checkRegions(listed)
}

// checkCaches checks each cache's lists and returns how many regions are in
// them and in transit.
func (h *Heap) checkCaches() (listed int64, err error) {
	var bytes, published int64
	for i := range h.caches() {
		s := h.cacheAt(i)
		n := 0
		var sum int64
		for at := s.oldest; at != 0; at = objectAt(at).age.next {
			o := objectAt(at)
			if o.current() != Retained || o.carved() {
				return 0, fmt.Errorf("largeheap: a cache lists the %s", o.story())
			}
			if (o.pages == dirty) == (s == &h.cold) {
				return 0, fmt.Errorf("largeheap: the %s is in the wrong pool", o.story())
			}
			n++
			sum += int64(o.total())
		}
		if n != s.count || sum != s.bytes {
			return 0, fmt.Errorf("largeheap: a cache of %d regions, %d bytes counts %d, %d", n, sum, s.count, s.bytes)
		}
		for b, at := range s.bins {
			if at != 0 != (s.occupied[b/64]>>(b%64)&1 == 1) {
				return 0, fmt.Errorf("largeheap: bin %d is marked wrongly", b)
			}
			for ; at != 0; at = objectAt(at).bin.next {
				n--
			}
		}
		if n != 0 {
			return 0, fmt.Errorf("largeheap: %d regions of a cache are in no bin", n)
		}
		bytes += s.bytes
		published += s.published
		listed += int64(s.count) + int64(s.transit)
	}
	if got := h.retained.Load(); got != published {
		return 0, fmt.Errorf("largeheap: retained = %d, shards published %d", got, published)
	}
	return listed, nil
}

// checkRegions checks each region and the sums over them. A region that a call is
// at work on may be counted already or not yet, so the sums over all are compared
// only when there is none.
func (h *Heap) checkRegions(listed int64) error {
	var got counts
	quiet := true
	for at := h.all; at != 0; at = objectAt(at).all.next {
		o := objectAt(at)
		switch o.current() {
		case Live, Parked:
			got.live.add(o)
			got.requested += int64(o.booked)
			if o.carved() {
				got.carved.add(o)
			}
			if err := o.checkPlace(); err != nil && (o.current() == Live || o.current() == Parked) {
				return err
			}
		case Retained:
			got.retained(o).add(o)
		default:
			quiet = false
		}
		got.slack += int64(o.slack())
	}
	want := h.sum()
	if quiet && got != want {
		return fmt.Errorf("largeheap: regions sum to %+v, counted are %+v", got, want)
	}
	if n := want.dirty.Objects + want.clean.Objects; n != listed {
		return fmt.Errorf("largeheap: %d regions are counted as retained, %d are", n, listed)
	}
	return nil
}

// checkPlace checks where a live object lies. A call may win the object meanwhile,
// for that it needs no lock, and change what is read here; it cannot make the
// object live again before the locks are let go.
func (o *object) checkPlace() error {
	if o.user() < o.start+headerSize || o.user()%(1<<o.align) != 0 || o.usable() < o.requested {
		return fmt.Errorf("largeheap: the %s lies badly in its region", o.story())
	}
	if pagemap.Get(o.user()) != o.addr() {
		return fmt.Errorf("largeheap: the page map does not know the %s", o.story())
	}
	return nil
}
