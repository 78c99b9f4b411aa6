// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"iter"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// A cache is a class cache for every class and a large-object cache. Each processor
// has one, found through the allocator's table of caches, and so has each Local.
// Cache and table live in metadata.
//
// Blocks of whole pages all begin in one set of the processor's cache, that of the
// pages' first lines. The class cache of class c is the c-th line of a cache, classes of
// whole pages are odd up to the 64th line, and metadata begins an even number of
// lines after a page: so their class caches are in other sets.
const (
	classCacheSize = unsafe.Sizeof(smallheap.ClassCache{})         // a line: sizeclass.ClassCode.Row counts on it
	usedStart      = largeCacheStart + unsafe.Sizeof(largeCache{}) // offset in a cache
	cacheSize      = usedStart + unsafe.Sizeof(classSet{})
	wordSize       = bits.UintSize / 8
	wordShift      = 2 + wordSize/8
)

// newCache returns a cache without magazines.
func newCache() (uintptr, error) {
	cache, err := metadata.Alloc(cacheSize)
	if err == nil {
		clearCache(cache)
	}
	return cache, err
}

// clearCache removes the magazines from every class cache of a cache without returning them.
func clearCache(cache uintptr) {
	r := smallheap.EmptyClassCache()
	for c := range sizeclass.Class(sizeclass.Count) {
		*classCacheOf(cache, c) = r
	}
}

// classCacheFor returns the class cache of the class of cc.
func classCacheFor(cache uintptr, cc sizeclass.ClassCode) *smallheap.ClassCache {
	return (*smallheap.ClassCache)(raw.Pointer(cache + cc.Row()))
}

// classCacheOf returns the class cache of a class.
func classCacheOf(cache uintptr, c sizeclass.Class) *smallheap.ClassCache {
	return (*smallheap.ClassCache)(raw.Pointer(cache + uintptr(c)*classCacheSize))
}

// theEmptyCache stands for the cache of a slot that has none. No class cache in it has
// magazines, so that whoever uses it ends up on a slow path. The first Allocator's start
// makes it so.
var (
	theEmptyCache struct {
		classes [sizeclass.Count]smallheap.ClassCache
		large   largeCache
		used    classSet
	}
	clearEmptyCache sync.Once
)

// emptyCache returns the address of theEmptyCache, which is static and so never moves.
func emptyCache() uintptr { return raw.Addr(unsafe.Pointer(&theEmptyCache)) }

// hasCache reports whether the table has an entry for slot id.
func (a *Allocator) hasCache(id int) bool { return uint(id) < uint(atomic.LoadUint32(&a.tableLen)) }

// cacheOf returns the cache of slot id, for which the table has an entry. Only
// whoever holds the slot may use it, and only until it lets go of the slot.
//
// The length was read before the table, and the table only grows until Close, which
// waits for its readers: the table that is found now has at least that length.
func (a *Allocator) cacheOf(id int) uintptr {
	return atomic.LoadUintptr(entryOf(atomic.LoadUintptr(&a.table), id))
}

func entryOf(table uintptr, id int) *uintptr {
	return (*uintptr)(raw.Pointer(table + uintptr(id)<<wordShift))
}

// attach gives slot id a cache.
func (a *Allocator) attach(id int) error {
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
	return nil
}

// growTable makes the table of caches hold at least n entries.
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
		percpu.Synchronize() // until nobody reads the old table
		metadata.Free(old, uintptr(oldLen)<<wordShift)
	}
	return nil
}

// detach takes away the caches of all slots and returns what is in them.
func (a *Allocator) detach() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unpublish(func(int, uintptr) bool { return true })
	if len(a.leaving) > 0 {
		percpu.Synchronize() // until nobody uses them
		a.drainLeaving()
	}
}

// detachIdle takes away the caches that were not used since the last call, and returns what
// is in those that the last call took away. So one grace period, which stops the world,
// serves all the Allocators that have purgers.
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

// unpublish lets the caches for which take reports true leave the table. They may be in
// use until the moment in a.left has passed. The caller holds a.mu.
func (a *Allocator) unpublish(take func(id int, cache uintptr) bool) {
	for id := range int(a.tableLen) {
		entry := entryOf(a.table, id)
		if *entry != emptyCache() && take(id, *entry) {
			a.leaving = append(a.leaving, *entry)
			atomic.StoreUintptr(entry, emptyCache())
		}
	}
	a.left = percpu.Now()
}

// drainLeaving returns what is in the caches that have left the table, and frees them.
// Nobody uses them any more. The caller holds a.mu.
func (a *Allocator) drainLeaving() {
	for _, cache := range a.leaving {
		a.drain(cache)
		metadata.Free(cache, cacheSize)
	}
	a.leaving = nil
}

// drain moves all that a cache holds to the depots. The caller owns the cache.
func (a *Allocator) drain(cache uintptr) {
	for c := range usedOf(cache).all() {
		a.drainClass(cache, c)
	}
	a.dropLarge(largeCacheOf(cache))
}

// drainClass is drain for one class.
func (a *Allocator) drainClass(cache uintptr, c sizeclass.Class) {
	loaded, previous, allocs, requested := classCacheOf(cache, c).Unload()
	usedOf(cache).remove(c)
	a.returnMagazine(c, loaded)
	a.returnMagazine(c, previous)
	a.depots[c].Account(allocs, requested)
}

// A classSet is a set of classes: of those of which a cache may have something. The
// cache's holder changes it, on slow paths; others read it meanwhile.
type classSet [(sizeclass.Count + 31) / 32]atomic.Uint32

func usedOf(cache uintptr) *classSet { return raw.At[classSet](cache + usedStart) }

func (s *classSet) has(c sizeclass.Class) bool { return s[c/32].Load()>>(c%32)&1 != 0 }

func (s *classSet) add(c sizeclass.Class) {
	if !s.has(c) {
		s[c/32].Store(s[c/32].Load() | 1<<(c%32))
	}
}

func (s *classSet) remove(c sizeclass.Class) { s[c/32].Store(s[c/32].Load() &^ (1 << (c % 32))) }

// all returns the members, in their order.
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
