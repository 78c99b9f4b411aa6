// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// checkInvariants checks the equations of this package and of internal/smallheap. It returns an
// error that describes the equation that does not hold.
//
// checkInvariants is for tests, because it walks every span, magazine and cache. While it runs,
// no goroutine may use the Allocator or one of its Locals. This includes the purger.
func (a *Allocator) checkInvariants() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var spanBytes, purged int64
	splits := a.lostGuards.splits.Load()
	for c := range sizeclass.Class(sizeclass.Count) {
		n, err := a.checkClass(c)
		if err != nil {
			return fmt.Errorf("alloc: class %d, blocks of %d bytes: %w", c, c.Size(), err)
		}
		spanBytes += int64(n.Spans * a.spanPages(c) * sizeclass.PageSize)
		splits += int64(n.Splits)
		purged += n.Purged
	}
	if err := a.checkRoutes(); err != nil {
		return err
	}
	if err := a.checkLargeCaches(); err != nil {
		return err
	}
	if err := a.checkSamples(); err != nil {
		return err
	}
	if err := a.checkBudget(); err != nil {
		return err
	}
	if err := a.large.Check(); err != nil {
		return err
	}
	splits += a.backend.splits()
	return a.checkAccount(spanBytes+a.lostGuards.pages.Load()*sizeclass.PageSize, purged, splits)
}

// checkAccount compares the counts of the lower layers with the spans and objects:
//
//	pages used = Σ spans
//	footprint  = pages used − pages purged inside spans + those of them that the page heap keeps
//	             + pages dirty + large heap's footprint + live guarded slots
//	mappings   = chunks + large heap's mappings + guard pool + 2 · guards that split a mapping,
//	             including the guards of quarantined blocks
func (a *Allocator) checkAccount(spanBytes, purged, splits int64) error {
	pages, large := a.pages.Stats(), a.large.Stats()
	if pages.Used != spanBytes {
		return fmt.Errorf("alloc: the page heap counts %d bytes as used, spans have %d", pages.Used, spanBytes)
	}
	pool, mappings, err := a.guardPool.check()
	if err != nil {
		return err
	}
	if got, want := a.space.Footprint.Now(), pages.Used-purged+pages.Kept+pages.Dirty+large.Footprint()+pool; got != want {
		return fmt.Errorf("alloc: %d bytes are charged, pages, large objects and the guard pool have %d", got, want)
	}
	if got, want := a.space.Mappings.Now(), int64(pages.Chunks)+large.Mappings()+mappings+2*splits; got != want {
		return fmt.Errorf("alloc: %d mappings are counted, pages, large objects and the guard pool have %d", got, want)
	}
	if got, want := a.space.Mapped.Now(), pages.Mapped+large.Mapped(); got < want {
		return fmt.Errorf("alloc: %d bytes are mapped, pages and large objects have %d", got, want)
	}
	return nil
}

// checkRoutes checks that routes lead to caches of the table only. Call it with a.mu held.
func (a *Allocator) checkRoutes() error {
	table := map[uintptr]bool{}
	for id := range int(a.tableLen) {
		table[*entryOf(a.table, id)] = true
	}
	return a.routes.check(table)
}

// checkLargeCaches checks the large-object cache of each cache. It checks the counts. It also
// checks that each object in a large-object cache has the state Cached and is in no other
// large-object cache. Call it with a.mu held.
//
//	n ≤ limit = largeCacheSize, nextSample ≤ maxLargeCountdown
func (a *Allocator) checkLargeCaches() error {
	seen := map[largeheap.Descriptor]struct{}{}
	for _, cache := range a.caches() {
		l := largeCacheOf(cache)
		switch {
		case l.limit != largeCacheSize || l.n > l.limit:
			return fmt.Errorf("alloc: a cache for %d large objects holds %d", largeCacheSize, l.n)
		case l.nextSample > maxLargeCountdown:
			return fmt.Errorf("alloc: a large-object cache counts down %d bytes, more than %d", l.nextSample, maxLargeCountdown)
		}
		for _, cached := range l.objects[:l.n] {
			o := cached.d.Describe()
			if _, twice := seen[cached.d]; twice || o.State != largeheap.Cached || o.Base != cached.addr {
				return fmt.Errorf("alloc: a large-object cache has the %v at %#x; in another, too: %v", o, cached.addr, twice)
			}
			seen[cached.d] = struct{}{}
		}
	}
	return nil
}

// checkSamples checks that each record of the heap profile belongs to a block in the state
// Profiled or to a marked large object. Free removes the records of such blocks and objects.
func (a *Allocator) checkSamples() (err error) {
	a.profile.Lines(0, func(addr uintptr) float64 {
		r := resolve(addr, a.id)
		if !(r.state != nil && smallheap.Cause(r.was) == smallheap.Profiled || r.kind == kindLarge && r.object().Marked()) {
			err = fmt.Errorf("alloc: there is a sample of %#x, where no profiled block or marked object is: %+v", addr, r)
		}
		return 0
	})
	return err
}

// checkClass checks the spans, the magazines and the counts of one class:
//
//	blocks = idle + cached + live
//	cached = Σ slots of all magazines, each block in one slot
//	Σ size codes of live blocks = Σ requested of the class caches and the depot
func (a *Allocator) checkClass(c sizeclass.Class) (smallheap.Tally, error) {
	d := &a.depots[c]
	n, err := d.Check(c)
	if err != nil {
		return n, err
	}
	allocs, requested := d.Counts().Allocs, d.Counts().Requested
	for _, cache := range a.caches() {
		if err := roomOf(cache).check(); err != nil {
			return n, err
		}
		for r := range classCachesOf(cache, c) {
			if err := r.Check(c, &n); err != nil {
				return n, err
			}
			allocs += r.Allocs()
			requested += r.Requested()
		}
	}
	switch {
	case n.Cached != len(n.Slots):
		return n, fmt.Errorf("%d blocks are cached, magazines hold %d", n.Cached, len(n.Slots))
	case n.Closed: // Close freed the blocks together with their spans
	case uintptr(n.Requested) != uintptr(requested):
		return n, fmt.Errorf("size codes of live blocks sum to %d, class caches and depot say %d", n.Requested, int64(requested))
	case allocs < uint64(n.Live):
		return n, fmt.Errorf("%d blocks are live, but only %d were handed out", n.Live, allocs)
	}
	return n, nil
}

// check checks the sum in a cacheRoom.
func (s *cacheRoom) check() error {
	var sum uintptr
	for _, n := range s.of {
		sum += uintptr(n)
	}
	if s.bytes != sum {
		return fmt.Errorf("a cache counts %d bytes in its magazines, its classes have %d", s.bytes, sum)
	}
	return nil
}

// checkBudget checks the number of caches that share the budget. Call it with a.mu held.
func (a *Allocator) checkBudget() error {
	n := len(a.caches()) - len(a.leaving) - len(a.locals.leaving)
	if got := int(a.budget.Caches.Load()); got != n && !a.gate.closed.Load() {
		return fmt.Errorf("alloc: %d caches share the budget, there are %d", got, n)
	}
	return nil
}

// caches returns the caches of all processors and Locals. Call it with a.mu held.
func (a *Allocator) caches() []uintptr {
	var all []uintptr
	for id := range int(a.tableLen) {
		if cache := *entryOf(a.table, id); cache != emptyCache() {
			all = append(all, cache)
		}
	}
	all = append(all, a.leaving...)
	a.locals.all(func(cache uintptr) { all = append(all, cache) })
	return all
}

// splits returns how many blocks in quarantine have guard pages that split a mapping.
func (k *checker) splits() (n int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.blocks.Each(func(at uintptr) {
		if checkedAt(at).state == fencedApart {
			n++
		}
	})
	return n
}

// check returns the footprint in bytes and the number of mappings of the guard pool. It also checks
// the number of slots:
//
//	slots = |queue| + live        no slot is in the state guardMoving
func (g *guardPool) check() (footprint, mappings int64, err error) {
	mapped, live := g.usage()
	if mapped == 0 {
		return 0, 0, nil
	}
	mappings = 1
	for _, split := range g.fences {
		if split {
			mappings += 2
		}
	}
	if g.table == 0 {
		return 0, mappings, nil
	}
	waiting := 0
	for i := range guardTableAt(g.table).slots {
		s := &guardTableAt(g.table).slots[i]
		if s.split {
			mappings += 2
		}
		switch s.state {
		case guardUnused, guardFreed:
			waiting++
		case guardMoving:
			return 0, 0, fmt.Errorf("alloc: guarded slot %d is on its way", i)
		}
	}
	if waiting != int(g.n) {
		return 0, 0, fmt.Errorf("alloc: %d guarded slots are free, %d in the queue", waiting, g.n)
	}
	return live, mappings, nil
}
