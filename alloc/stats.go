// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"sync/atomic"
	"time"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/stats"
)

// Stats returns the Allocator's statistics. It does not stop other goroutines. It holds locks
// only for short times, and reads the caches of processors and Locals while they change.
func (a *Allocator) Stats() stats.Snapshot {
	a.init()
	s := stats.Snapshot{
		Name:      a.options.Name,
		Time:      time.Now(),
		Mapped:    gauge(&a.space.Mapped),
		Footprint: gauge(&a.space.Footprint),
		Mappings:  gauge(&a.space.Mappings),
		Limit:     a.space.Limit(),
		Classes:   make([]stats.Class, sizeclass.Count),

		MaxMappings: vm.MaxMappings(),
	}
	s.Memory.Tail = a.lostGuards.pages.Load() * sizeclass.PageSize
	a.countBlocks(&s)
	a.countPages(&s)
	mapped, live := a.guardPool.usage()
	s.Memory.Guards, s.Memory.GuardsClean = live, mapped-live
	countMetadata(&s)
	a.countProfile(&s)
	s.Arenas, s.Dropped = a.arenas.Stats()
	s.Tags, s.Lost = a.tags.stats(), a.lost.stats()
	s.Kernel = stats.Kernel{
		Mmap:     int64(a.space.Calls(vm.OpMap)),
		Munmap:   int64(a.space.Calls(vm.OpRelease)),
		Madvise:  int64(a.space.Calls(vm.OpPurge)),
		Mremap:   int64(a.space.Calls(vm.OpRemap)),
		Metadata: s.Kernel.Metadata,
	}
	return s
}

// Footprint returns the number of bytes that may occupy RAM, without metadata, and the number of
// mappings. A Snapshot reports the same numbers as Footprint and Mappings. Footprint is cheap
// enough for frequent calls.
func (a *Allocator) Footprint() (bytes, mappings int64) {
	return a.space.Footprint.Now(), a.space.Mappings.Now()
}

func gauge(g *vm.Gauge) stats.Gauge { return stats.Gauge{Now: g.Now(), Peak: g.Peak()} }

// countBlocks fills in the statistics of blocks and objects. It holds a.mu from the first cache
// to the last depot: whoever moves the contents of a cache to the depots and the large heap
// holds a.mu, too. Otherwise a block that moves would be counted in the cache and in the depot,
// and a live block would seem free.
//
// The checker counts its blocks before that, under its own lock. Blocks that left the quarantine
// meanwhile are not in the other counts any more. The difference is taken from the blocks in
// quarantine, never from the live ones.
func (a *Allocator) countBlocks(s *stats.Snapshot) {
	checked := a.backend.counts()
	a.mu.Lock()
	defer a.mu.Unlock()
	caches := a.readCaches()
	s.Caches = caches.count
	a.countSmall(s, caches, checked)
	a.countLarge(s, caches, checked)
}

// countSmall fills in the statistics of each class, and adds their sums to s.Memory.
func (a *Allocator) countSmall(s *stats.Snapshot, caches *cacheTotals, checked *checkedCounts) {
	m := &s.Memory
	for c := range sizeclass.Class(sizeclass.Count) {
		r, n := caches.classes[c], a.depots[c].Counts()
		row := stats.Class{
			Size:    c.Size(),
			Spans:   int64(n.Spans),
			Blocks:  int64(n.Spans * c.Blocks()),
			Cached:  r.blocks,
			InDepot: int64(n.InDepot),
			Idle:    int64(n.Idle),
			Purged:  n.Purged,
			Allocs:  int64(n.Allocs + r.allocs),

			Exchanges: int64(n.Exchanges),
		}

		row.Live = max(row.Blocks-row.Cached-row.InDepot-row.Idle, 0)
		row.Requested = int64(c.Requested(uint64(uintptr(n.Requested+r.requested)), uint64(row.Live)))
		size := int64(row.Size)
		if checked != nil {
			n := &checked[c]
			row.Quarantined = min(n.quarantined, max(row.Live-n.live, 0))
			row.Live -= row.Quarantined
			m.Quarantined += row.Quarantined * size
			row.Requested = min(n.requested, row.Live*size)
		}
		row.Frees = max(row.Allocs-row.Live, 0)
		s.Classes[c] = row

		m.Requested += row.Requested
		m.Slack += row.Live*size - row.Requested
		m.Cached += row.Cached * size
		m.Depot += row.InDepot * size
		idle := row.Idle*size - n.Purged // below 0 if pages of span tails were purged, too
		m.Idle += max(idle, 0)
		m.IdleClean += n.Purged
		m.Tail += row.Spans*int64(a.spanPages(c)*sizeclass.PageSize-c.Blocks()*c.Size()) + min(idle, 0)
	}
}

// cacheTotals holds the sums of the counts of all caches.
type cacheTotals struct {
	count   int
	classes [sizeclass.Count]struct {
		blocks            int64
		allocs, requested uint64
	}
	large struct {
		objects, bytes, size int64
		requested            uintptr // changes in requested bytes by reused objects
	}
}

// readCaches adds up the counts of all caches while their holders continue to use them. The
// caller holds a.mu, which prevents other goroutines from taking the caches away. readCaches
// releases a.mu briefly after every atOnce Locals. A Local that appears or disappears at that
// moment may be missed or counted twice, and so may a cache that is taken away.
func (a *Allocator) readCaches() *cacheTotals {
	const atOnce = 128
	t := &cacheTotals{}
	for id := range int(a.tableLen) {
		if cache := *entryOf(a.table, id); cache != emptyCache() {
			t.add(cache)
		}
	}
	for _, cache := range a.leaving {
		t.add(cache)
	}
	for _, cache := range a.locals.leaving {
		t.add(cache)
	}
	for i := 0; i < len(a.locals.open); i++ {
		if cache := a.locals.open[i].cache; cache != 0 {
			t.add(cache)
		}
		if i%atOnce == atOnce-1 {
			a.mu.Unlock()
			a.mu.Lock()
		}
	}
	return t
}

func (t *cacheTotals) add(cache uintptr) {
	if interleave.Enabled {
		interleave.Point()
	}
	t.count++
	for c := range usedOf(cache).all() {
		sum := &t.classes[c]
		for r := range classCachesOf(cache, c) {
			sum.blocks += int64(r.Blocks(c))
			sum.allocs += r.Allocs()
			sum.requested += r.Requested()
		}
	}
	l := largeCacheOf(cache)
	t.large.objects += int64(atomic.LoadUintptr(&l.n))
	t.large.bytes += int64(atomic.LoadUintptr(&l.bytes))
	t.large.size += int64(atomic.LoadUintptr(&l.size))
	t.large.requested += atomic.LoadUintptr(&l.requested)
}

// countLarge fills in the statistics of large objects. An object may leave its cache for the large
// heap after the cache was counted. So countLarge never takes more objects for cached than the
// large heap takes for live, and no number is below 0.
func (a *Allocator) countLarge(s *stats.Snapshot, caches *cacheTotals, checked *checkedCounts) {
	l, cached := a.large.Stats(), &caches.large
	objects, bytes := min(cached.objects, l.Live.Objects), min(cached.bytes, l.Live.Bytes)
	s.Large = stats.Large{
		Live:     l.Live.Objects - objects,
		Carved:   l.Carved.Objects,
		Retained: l.Dirty.Objects + l.Clean.Objects + objects,
		Bytes:    l.Live.Bytes - bytes,
	}
	m := &s.Memory
	requested := int64(uintptr(l.Requested)+cached.requested) - cached.size
	if checked != nil {
		n := &checked[sizeclass.Count]
		quarantined := min(n.quarantinedBytes, max(s.Large.Bytes-n.requested, 0))
		s.Large.Live -= min(n.quarantined, max(s.Large.Live-n.live, 0))
		s.Large.Bytes -= quarantined
		m.Quarantined += quarantined
		requested = n.requested
	}
	m.LargeRequested = min(max(requested, 0), s.Large.Bytes)
	m.LargeSlack = s.Large.Bytes - m.LargeRequested
	m.LargeDirty = l.Dirty.Bytes + bytes
	m.LargeClean = l.Clean.Bytes
	m.PagesDirty += l.Chunks.Dirty
	m.PagesClean += l.Chunks.Clean
	m.Unused += l.Slack + l.Chunks.Unused
	s.Chunks += l.Chunks.Chunks
}

func (a *Allocator) countPages(s *stats.Snapshot) {
	p := a.pages.Stats()
	s.Memory.PagesDirty += p.Dirty
	s.Memory.PagesClean += p.Clean
	s.Memory.Unused += p.Unused
	s.Chunks += p.Chunks
	kept := min(p.Kept, s.Memory.IdleClean)
	s.Memory.IdleClean -= kept
	s.Memory.Idle += kept
	s.HugePages = stats.HugePages{Chunks: p.Huge, Collapsed: p.Collapsed}
}

// countProfile fills in the statistics of the heap profile. It splits the metadata in use into the
// profile's part and the rest.
func (a *Allocator) countProfile(s *stats.Snapshot) {
	u := a.profile.Usage()
	s.Profile = stats.Profile{Rate: a.rate.Load(), Samples: u.Samples, Stacks: u.Stacks, Dropped: u.Dropped.Samples}
	m := &s.Memory
	m.Profile = min(u.Bytes, m.Metadata)
	m.Metadata -= m.Profile
}

func countMetadata(s *stats.Snapshot) {
	inUse := int64(metadata.InUse())
	s.Metadata = stats.Metadata{
		Mapped:    metadata.Space.Mapped.Now(),
		Footprint: max(metadata.Space.Footprint.Now(), inUse),
	}
	s.Memory.Metadata = inUse
	s.Memory.MetadataDirty = s.Metadata.Footprint - inUse
	s.Memory.MetadataClean = s.Metadata.Mapped - s.Metadata.Footprint
	for op := range vm.NumOps {
		s.Kernel.Metadata += int64(metadata.Space.Calls(op))
	}
}
