// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/release"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// A largeCache is the part of a cache that keeps a few freed large objects. An allocation can
// reuse such an object without calling the large heap, which locks. The large heap sets the
// maximum size of a cached object. Only the holder of the cache accesses the largeCache, as with
// a class cache. A Local's largeCache stays empty: Locals use those of the
// processors.
//
//	0 ≤ n ≤ limit
//	0 ≤ nextSample ≤ maxLargeCountdown
//	bytes, size = Σ of the extents, and of the requested bytes, of the n objects
//	requested   = Σ changes in the requested bytes, by objects handed out again, modulo a word
//
// Stats reads the counts while the holder changes them. Each count is one word.
type largeCache struct {
	n, bytes, size uintptr
	limit          uintptr // largeCacheSize; 0 in theEmptyCache, which takes no object
	requested      uintptr
	served         uintptr                      // number of objects handed out
	nextSample     uintptr                      // bytes of large objects until the countdown ends
	sampled        bool                         // the object at the end of the countdown is sampled
	objects        [largeCacheSize]cachedObject // oldest first
}

// A cachedObject identifies a large object. It repeats what the descriptor says, which is often
// not in the processor's hardware caches: an object of the requested size is found without it.
type cachedObject struct {
	d     largeheap.Descriptor
	addr  uintptr
	size  uintptr // requested bytes
	total uintptr // bytes of the extent
}

const (
	largeCacheSize  = 4
	largeCacheStart = classCacheSize * smallheap.Rows // offset in a cache

	// maxLargeCountdown is the maximum of nextSample, in bytes. When a longer distance is
	// drawn, sampleNext draws the rest again at the end of the countdown, as class caches do.
	maxLargeCountdown = 64 << 20
)

func largeCacheOf(cache uintptr) *largeCache { return raw.At[largeCache](cache + largeCacheStart) }

// hasRoom reports whether put would remove no other object.
func (l *largeCache) hasRoom() bool { return l.n < l.limit }

// put adds the cached object d at addr as the youngest. If the cache is full, put removes the
// oldest object and returns its descriptor. The caller must drop that object.
func (l *largeCache) put(d largeheap.Descriptor, addr uintptr) (out largeheap.Descriptor) {
	if !l.hasRoom() {
		out = l.remove(0).d
	}
	o := &l.objects[l.n]
	*o = cachedObject{d, addr, d.Requested(), d.Total()}
	release.Store(&l.bytes, l.bytes+o.total)
	release.Store(&l.size, l.size+o.size)
	release.Store(&l.n, l.n+1)
	return out
}

// remove removes the i-th object and returns it.
func (l *largeCache) remove(i uintptr) cachedObject {
	o := l.objects[i]
	release.Store(&l.bytes, l.bytes-o.total)
	release.Store(&l.size, l.size-o.size)
	release.Store(&l.n, l.n-1)
	for ; i < l.n; i++ {
		l.objects[i] = l.objects[i+1]
	}
	return o
}

// passes counts an object of size bytes down and returns true, if its bytes end before the
// countdown does. Otherwise it changes nothing; sampleNext must decide then.
func (l *largeCache) passes(size uintptr, rate int64) bool {
	if rate == 0 {
		return true
	}
	if size >= l.nextSample {
		return false
	}
	l.nextSample -= size
	return true
}

// sampleNext reports whether the next large object, of size bytes, is sampled. It is sampled if
// the sampler's next point lies within its bytes.
func (l *largeCache) sampleNext(size uintptr, rate int64, rng *rng) bool {
	if rate <= 1 {
		l.nextSample, l.sampled = 0, false
		return rate == 1
	}
	for size >= l.nextSample {
		size -= l.nextSample
		sampled := l.sampled
		gap := rng.exponential() * float64(rate)
		l.sampled = gap <= maxLargeCountdown
		l.nextSample = uintptr(math.Ceil(min(gap, maxLargeCountdown)))
		if sampled {
			return true
		}
	}
	l.nextSample -= size
	return false
}

// find returns the index of the youngest object whose extent suits an object of size bytes, and
// by how much the requested bytes change. It returns -1 if no extent does. The youngest object
// is the most likely one to be in the processor's hardware caches.
func (l *largeCache) find(size uintptr) (i int, change int64) {
	for i := int(l.n) - 1; i >= 0; i-- {
		if l.objects[i].size == size {
			return i, 0
		}
		if change, fits := l.objects[i].d.Fits(size); fits {
			return i, change
		}
	}
	return -1, 0
}

// take removes the i-th object, whose requested bytes change by change.
func (l *largeCache) take(i int, change int64) cachedObject {
	if change != 0 {
		release.Store(&l.requested, l.requested+uintptr(change))
	}
	release.Store(&l.served, l.served+1)
	return l.remove(uintptr(i))
}

// mallocLarge is Malloc's fast path for a large object of size bytes. It returns 0 if the
// processor's large-object cache has no suitable object, or if the slow path has more to do: the
// object is recorded, or the Allocator is checked or closed.
//
// Nearly always the youngest object has the right size. An object that had size bytes before
// becomes live while the goroutine is pinned, as a small block does. Only another size changes the
// object's header.
func (a *Allocator) mallocLarge(size uintptr) (addr uintptr) {
	id := percpu.Pin()
	if !a.hasCache(id) || !a.freesFast() || a.recorder.Load() != nil {
		percpu.Unpin(id)
		return 0
	}
	l := largeCacheOf(a.cacheOf(id))
	if l.isNext(size) {
		if !l.passes(size, a.rate.Load()) {
			return a.mallocNext(id, l, size)
		}
		addr := l.takeNext()
		percpu.Unpin(id)
		raceannotate.Acquire(addr)
		return addr
	}
	i, change := l.find(size)
	if i < 0 || !l.passes(size, a.rate.Load()) {
		percpu.Unpin(id)
		return 0
	}
	if change == 0 {
		o := l.take(i, 0)
		o.d.TakeSame()
		percpu.Unpin(id)
		raceannotate.Acquire(o.addr)
		return o.addr
	}
	if !a.gate.enterPinned(id) {
		percpu.Unpin(id)
		return 0
	}
	o := l.take(i, change)
	percpu.Unpin(id)
	defer a.gate.leave() // the next line may fault, if the program has protected the header
	raceannotate.Acquire(o.addr)
	a.large.Take(o.d, o.addr, size, false)
	return o.addr
}

// mallocNext takes the youngest object, which has size bytes, when the countdown ends, and samples it
// if the sampler says so. The caller holds slot id, whose cache l is in. mallocNext releases the slot.
func (a *Allocator) mallocNext(id int, l *largeCache, size uintptr) (addr uintptr) {
	if !a.gate.enterPinned(id) {
		percpu.Unpin(id)
		return 0
	}
	sampled := l.sampleNext(size, a.rateOf(size), &a.sampler.rng)
	addr = l.takeNext()
	percpu.Unpin(id)
	defer a.gate.leave()
	raceannotate.Acquire(addr)
	if sampled {
		a.sampledLarge(addr, size, heapprof.Large)
	}
	return addr
}

// isNext reports whether the youngest object has size bytes.
func (l *largeCache) isNext(size uintptr) bool {
	return l.n != 0 && l.objects[(l.n-1)%largeCacheSize].size == size
}

// takeNext takes the youngest object, which becomes live with the size that it has.
func (l *largeCache) takeNext() (addr uintptr) {
	o := &l.objects[(l.n-1)%largeCacheSize]
	release.Store(&l.served, l.served+1)
	release.Store(&l.bytes, l.bytes-o.total)
	release.Store(&l.size, l.size-o.size)
	release.Store(&l.n, l.n-1)
	addr = o.addr
	o.d.TakeSame()
	return addr
}

// freeLarge is Free's fast path for large objects. It reports whether it freed the object at
// addr. It does not if the slow path has more to do, as for mallocLarge.
//
// freeLarge reads the object's header unpinned, because the program may have protected the
// header. Before and after, it does as much as it can while it is pinned for the gate.
func (a *Allocator) freeLarge(addr uintptr) bool {
	id := percpu.Pin()
	d := pagemap.Get(addr)
	if d == 0 || !headerAt(d).IsLarge(addr) || headerAt(d).Owner != atomic.LoadUintptr(&a.freeOwner) ||
		a.recorder.Load() != nil || !a.gate.enterPinned(id) {
		percpu.Unpin(id)
		return false
	}
	percpu.Unpin(id)
	inside := true
	defer func() {
		if inside {
			a.gate.leave()
		}
	}()
	object := largeheap.Descriptor(d)
	if err := a.large.Claim(object, addr, largeheap.Releasing); err != nil {
		panic(describeLarge(opFree, addr, err))
	}
	if !a.large.Caches(object) {
		a.releaseLarge(object, addr)
		return true
	}
	a.unprofile(object, addr)
	raceannotate.Release(addr)
	id = percpu.Pin()
	if a.hasCache(id) {
		if l := largeCacheOf(a.cacheOf(id)); l.hasRoom() {
			object.Put()
			l.put(object, addr)
			a.gate.leavePinned(id)
			inside = false
			percpu.Unpin(id)
			return true
		}
	}
	percpu.Unpin(id)
	a.cacheLarge(object, addr)
	a.wake()
	return true
}

// takeLarge returns an object of at least size bytes from the processor's large-object cache. It
// returns 0 if no object fits. If needZero is set, the object is zeroed.
func (a *Allocator) takeLarge(size uintptr, needZero bool) (addr uintptr) {
	p := (*processors)(a)
	cache, id, err := p.acquire()
	if err != nil {
		return 0
	}
	l := largeCacheOf(cache)
	i, change := l.find(size)
	if i < 0 {
		p.release(id)
		return 0
	}
	o := l.take(i, change)
	p.release(id)
	raceannotate.Acquire(o.addr)
	a.large.Take(o.d, o.addr, size, needZero)
	return o.addr
}

// putLarge frees a claimed large object. If the large heap allows it, putLarge puts the object
// into the processor's large-object cache.
func (a *Allocator) putLarge(d largeheap.Descriptor, addr uintptr) {
	raceannotate.Release(addr)
	if a.large.Caches(d) {
		a.cacheLarge(d, addr)
	} else {
		a.large.Retain(d)
	}
}

// cacheLarge frees a claimed large object into the processor's large-object cache. If the cache
// is full, its oldest object goes to the large heap.
func (a *Allocator) cacheLarge(d largeheap.Descriptor, addr uintptr) {
	d.Put()
	out, p := d, (*processors)(a)
	if cache, id, err := p.acquire(); err == nil {
		out = largeCacheOf(cache).put(d, addr)
		p.release(id)
	}
	if out != 0 {
		a.large.Drop(out)
	}
}

// dropOwnLarge returns the objects in the current processor's large-object cache to the large
// heap.
func (a *Allocator) dropOwnLarge() {
	p := (*processors)(a)
	cache, id, err := p.acquire()
	if err != nil {
		return
	}
	l := largeCacheOf(cache)
	objects, n := l.objects, l.n
	for l.n > 0 {
		l.remove(l.n - 1)
	}
	p.release(id)
	for _, o := range objects[:n] {
		a.large.Drop(o.d)
	}
}

// cachedLarge returns the number of bytes in the processors' large-object caches.
func (a *Allocator) cachedLarge() (bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id := range int(a.tableLen) {
		if cache := *entryOf(a.table, id); cache != emptyCache() {
			bytes += int64(atomic.LoadUintptr(&largeCacheOf(cache).bytes))
		}
	}
	return bytes
}

// dropLarge returns the objects of a large-object cache to the large heap. The caller owns the
// cache.
func (a *Allocator) dropLarge(l *largeCache) {
	for l.n > 0 {
		a.large.Drop(l.remove(0).d)
	}
	a.large.Account(int64(int(l.requested)))
	*l = largeCache{limit: l.limit}
}
