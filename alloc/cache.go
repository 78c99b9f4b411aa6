// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"iter"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// A cache consists of class caches, a large-object cache and a cacheRoom. Each class has a class
// cache. Blocks smaller than a cache line have another, which takes them back (package smallheap,
// Rows). Each processor and each Local has one. The allocator's table of caches has an entry for each
// processor. Caches and the table lie in metadata.
//
// Blocks of whole pages all begin in the same set of the hardware cache: the set of the first
// line of a page. Their class caches lie in other sets, for three reasons. The class cache of
// class c is the c-th line of a cache. The classes of whole pages are odd up to the 64th line.
// Metadata begins an even number of lines after the start of a page.
const (
	classCacheSize = unsafe.Sizeof(smallheap.ClassCache{})         // one line, as in ClassCode.Row
	roomStart      = largeCacheStart + unsafe.Sizeof(largeCache{}) // offset in a cache
	usedStart      = roomStart + unsafe.Sizeof(cacheRoom{})
	cacheSize      = usedStart + unsafe.Sizeof(classSet{})
	wordSize       = bits.UintSize / 8
	wordShift      = 2 + wordSize/8
)

// newCache returns a cache without magazines.
func newCache() (uintptr, error) {
	cache, err := metadata.Alloc(cacheSize)
	if err == nil {
		clearCache(cache)
		largeCacheOf(cache).limit = largeCacheSize
	}
	return cache, err
}

// clearCache removes the magazines from every class cache of a cache. It does not return the
// magazines to the depots.
func clearCache(cache uintptr) {
	r := smallheap.EmptyClassCache()
	for row := range sizeclass.Class(smallheap.Rows) {
		*classCacheOf(cache, row) = r
	}
}

// classCacheFor returns the class cache of the class that cc encodes.
func classCacheFor(cache uintptr, cc sizeclass.ClassCode) *smallheap.ClassCache {
	return (*smallheap.ClassCache)(raw.Pointer(cache + cc.Row()))
}

// classCacheOf returns the class cache of a row: that of class c, which hands out its blocks, or
// that of smallheap.PutRow(c), which takes them back.
func classCacheOf(cache uintptr, row sizeclass.Class) *smallheap.ClassCache {
	return (*smallheap.ClassCache)(raw.Pointer(cache + uintptr(row)*classCacheSize))
}

// classCachesOf returns the class caches with blocks of class c.
func classCachesOf(cache uintptr, c sizeclass.Class) iter.Seq[*smallheap.ClassCache] {
	return func(yield func(*smallheap.ClassCache) bool) {
		if row := smallheap.PutRow(c); yield(classCacheOf(cache, c)) && row != c {
			yield(classCacheOf(cache, row))
		}
	}
}

// theEmptyCache is the cache of every slot that has no cache of its own. Its class caches have no
// magazines, so every operation on it takes a slow path. The first Allocator that starts
// initializes it.
var (
	theEmptyCache struct {
		classes [smallheap.Rows]smallheap.ClassCache
		large   largeCache
		room    cacheRoom
		used    classSet
	}
	clearEmptyCache sync.Once
)

// emptyCache returns the address of theEmptyCache. theEmptyCache is static, so it never moves.
func emptyCache() uintptr { return raw.Addr(unsafe.Pointer(&theEmptyCache)) }

// hasCache reports whether the table has an entry for slot id.
func (a *Allocator) hasCache(id int) bool { return uint(id) < uint(atomic.LoadUint32(&a.tableLen)) }

// cacheOf returns the cache of slot id. The table must have an entry for the slot. Only the holder
// of the slot may use the cache, and only until it releases the slot.
//
// The caller reads the length before cacheOf reads the table. The table only grows until Close,
// and Close waits for the table's readers. Therefore the table has at least the length that the
// caller read.
func (a *Allocator) cacheOf(id int) uintptr {
	table := atomic.LoadUintptr(&a.table)
	if interleave.Enabled {
		interleave.Point()
	}
	cache := atomic.LoadUintptr(entryOf(table, id))
	if interleave.Enabled {
		interleave.Point()
	}
	return cache
}

func entryOf(table uintptr, id int) *uintptr {
	return (*uintptr)(raw.Pointer(table + uintptr(id)<<wordShift))
}

// attach gives slot id a cache if it has none. processor is what thisProcessor returned there.
func (a *Allocator) attach(id int, processor uintptr) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gate.closed.Load() {
		return ErrClosed
	}
	if err := a.growTable(id + 1); err != nil {
		return err
	}
	entry := entryOf(a.table, id)
	if *entry != emptyCache() {
		return nil
	}
	cache, err := newCache()
	if err != nil {
		return err
	}
	atomic.StoreUintptr(entry, cache)
	a.budget.Caches.Add(1)
	a.routes.set(processor, cache)
	return nil
}

// growTable grows the table of caches to at least n entries.
func (a *Allocator) growTable(n int) error {
	old, oldLen := a.table, int(a.tableLen)
	if n <= oldLen {
		return nil
	}
	n = max(n, 2*oldLen, runtime.GOMAXPROCS(0), runtime.NumCPU(), 8)
	table, err := metadata.Alloc(uintptr(n) << wordShift)
	if err != nil {
		return err
	}
	for id := range n {
		if id < oldLen {
			*entryOf(table, id) = *entryOf(old, id)
		} else {
			*entryOf(table, id) = emptyCache()
		}
	}
	atomic.StoreUintptr(&a.table, table)
	atomic.StoreUint32(&a.tableLen, uint32(n))
	if old != 0 {
		percpu.Synchronize() // wait until no goroutine reads the old table
		metadata.Free(old, uintptr(oldLen)<<wordShift)
	}
	return nil
}

// detach takes away the caches of all slots and returns their contents to the depots and the
// large heap.
func (a *Allocator) detach() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unpublish(func(int, uintptr) bool { return true })
	if len(a.leaving) > 0 {
		percpu.Synchronize() // wait until no goroutine uses these caches
		a.drainLeaving()
	}
}

// detachIdle takes away the caches that were not used since the last call. It also returns the
// contents of the caches that the last call took away. A grace period stops the world. This
// delay lets one grace period serve all Allocators that have purgers.
func (a *Allocator) detachIdle() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.leaving) > 0 {
		if !a.left.HasPassed() {
			percpu.Synchronize()
		}
		a.drainLeaving()
	}
	a.unpublish(a.idleSinceLastTick)
}

// unpublish removes the caches for which take reports true from the table and adds them to
// a.leaving. These caches may be in use until a.left has passed. The caller holds a.mu.
func (a *Allocator) unpublish(take func(id int, cache uintptr) bool) {
	for id := range int(a.tableLen) {
		entry := entryOf(a.table, id)
		if *entry != emptyCache() && take(id, *entry) {
			cache := *entry
			a.leaving = append(a.leaving, cache)
			a.budget.Caches.Add(-1)
			atomic.StoreUintptr(entry, emptyCache())
			a.routes.remove(cache)
		}
	}
	a.left = percpu.Now()
}

// drainLeaving returns the contents of the caches in a.leaving, and frees the caches. No
// goroutine uses these caches any more. The caller holds a.mu.
func (a *Allocator) drainLeaving() {
	for _, cache := range a.leaving {
		a.drain(cache)
		metadata.Free(cache, cacheSize)
	}
	a.leaving = nil
}

// drain moves the magazines of a cache to the depots and its large objects to the large heap.
// The caller owns the cache.
func (a *Allocator) drain(cache uintptr) {
	for c := range usedOf(cache).all() {
		a.drainClass(cache, c)
	}
	a.dropLarge(largeCacheOf(cache))
}

// drainClass moves the magazines of class c to the depot, and adds the class cache's counts to
// the depot's.
func (a *Allocator) drainClass(cache uintptr, c sizeclass.Class) {
	usedOf(cache).remove(c)
	for r := range classCachesOf(cache, c) {
		loaded, previous, allocs, requested := r.Unload()
		a.returnMagazine(c, loaded)
		a.returnMagazine(c, previous)
		a.depots[c].Account(allocs, requested)
	}
	roomOf(cache).update(cache, c)
}

// A classSet is the set of classes for which a cache may have blocks or counts. The holder of the
// cache changes the set on slow paths. Other goroutines may read it at the same time.
type classSet [(sizeclass.Count + 31) / 32]atomic.Uint32

func usedOf(cache uintptr) *classSet { return raw.At[classSet](cache + usedStart) }

func (s *classSet) has(c sizeclass.Class) bool { return s[c/32].Load()>>(c%32)&1 != 0 }

func (s *classSet) add(c sizeclass.Class) {
	if !s.has(c) {
		s[c/32].Store(s[c/32].Load() | 1<<(c%32))
	}
}

func (s *classSet) remove(c sizeclass.Class) { s[c/32].Store(s[c/32].Load() &^ (1 << (c % 32))) }

// all returns the members in ascending order.
func (s *classSet) all() iter.Seq[sizeclass.Class] {
	return func(yield func(sizeclass.Class) bool) {
		for i := range s {
			for rest := s[i].Load(); rest != 0; rest &= rest - 1 {
				if !yield(sizeclass.Class(32*i + bits.TrailingZeros32(rest))) {
					return
				}
			}
		}
	}
}
