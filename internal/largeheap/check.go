// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/invariants"
	"github.com/ashlar-go/ashlar/internal/pagemap"
)

// check panics if the heap violates an invariant of the package documentation. It
// compiles to nothing unless invariants are enabled.
func (h *Heap) check() {
	if !invariants.Enabled {
		return
	}
	if err := h.Check(); err != nil {
		panic(err)
	}
}

// Check returns an error that names the first invariant of the package documentation
// that the heap violates. It walks all extents with the heap locked, and is for tests.
func (h *Heap) Check() error {
	h.lockAll()
	defer h.unlockAll()
	listed, err := h.checkShards()
	if err != nil {
		return err
	}
	return h.checkExtents(listed)
}

// checkShards checks the lists of each shard. It returns how many extents are listed
// or in transit.
func (h *Heap) checkShards() (listed int64, err error) {
	var bytes, published, live, warm int64
	for i := range h.shardCount() {
		s := h.shardAt(i)
		n := 0
		var sum int64
		for at := s.oldest; at != 0; at = objectAt(at).age.next {
			o := objectAt(at)
			if o.current() != Retained || o.carved() {
				return 0, fmt.Errorf("largeheap: a shard lists the %s", o.describe())
			}
			if (o.pages == dirty) == (s == &h.cold) {
				return 0, fmt.Errorf("largeheap: the %s is in the wrong shard", o.describe())
			}
			n++
			sum += int64(o.total())
		}
		if int64(n) != s.count.Load() || sum != s.bytes {
			return 0, fmt.Errorf("largeheap: a shard of %d extents, %d bytes counts %d, %d", n, sum, s.count.Load(), s.bytes)
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
			return 0, fmt.Errorf("largeheap: %d extents of a shard are in no bin", n)
		}
		bytes += s.bytes
		published += s.published
		live += s.publishedLive
		if s != &h.cold {
			warm += s.published
		}
		listed += s.count.Load() + int64(s.transit)
	}
	if got := h.retained.Load(); got != published {
		return 0, fmt.Errorf("largeheap: retained = %d, shards published %d", got, published)
	}
	if d := &h.demand; d.live.Load() != live || d.dirty.Load() != warm {
		return 0, fmt.Errorf("largeheap: the demand has %d live and %d dirty bytes, shards published %d and %d",
			d.live.Load(), d.dirty.Load(), live, warm)
	}
	return listed, nil
}

// checkExtents checks each extent and the sums over them. An extent on which a call works
// may be counted already or not yet. So checkExtents compares the sums only if there is no
// such extent.
func (h *Heap) checkExtents(listed int64) error {
	var got counts
	var loose int64
	quiet := true
	for at := h.all; at != 0; at = objectAt(at).all.next {
		o := objectAt(at)
		switch o.current() {
		case Live, Cached:
			got.live.add(o)
			got.requested += int64(o.accounted)
			if o.carved() {
				got.carved.add(o)
			}
			if err := o.checkPlace(); err != nil && (o.current() == Live || o.current() == Cached) {
				return err
			}
		case Retained:
			got.retained(o).add(o)
		default:
			quiet = false
		}
		got.slack += int64(o.slack())
		loose += int64(o.loose)
	}
	if n := h.demand.loose.Load(); quiet && n != loose {
		return fmt.Errorf("largeheap: %d bytes of extents are loose, the demand counts %d", loose, n)
	}
	want := h.sum()
	if quiet && got != want {
		return fmt.Errorf("largeheap: the extents sum to %+v, the shards count %+v", got, want)
	}
	if n := want.dirty.Objects + want.clean.Objects; n != listed {
		return fmt.Errorf("largeheap: %d extents are counted as retained, %d are listed or in transit", n, listed)
	}
	return nil
}

// checkPlace checks where a live object lies. A call needs no lock to claim the object, and
// may change these fields meanwhile. It cannot make the object live again before the locks
// are released.
func (o *object) checkPlace() error {
	if o.user() < o.start+headerSize || o.user()%(1<<o.align) != 0 || o.usable() < o.requested {
		return fmt.Errorf("largeheap: the %s does not fit into its extent", o.describe())
	}
	if pagemap.Get(o.user()) != o.addr() {
		return fmt.Errorf("largeheap: the page map does not know the %s", o.describe())
	}
	return nil
}
