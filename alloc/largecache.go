// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A largeCache is the part of a cache that keeps freed large objects: a few, to be
// handed out again without asking the large heap, which locks. The large heap says
// how large they are at most. Only the cache's holder touches it, as with a class cache.
// Locals have the countdown alone: their objects are in the processors' caches.
//
//	0 ≤ n ≤ largeCacheSize
//	0 ≤ nextSample ≤ maxLargeCountdown
//	bytes, size = Σ of the extents, and of the requested bytes, of the n objects
//	requested   = Σ changes in the requested bytes, by objects handed out again, modulo a word
//
// Stats reads the counts, each a word, while the holder changes them.
type largeCache struct {
	n, bytes, size uintptr
	requested      uintptr
	served         uintptr                      // objects handed out
	nextSample     uintptr                      // bytes of objects until one may be a sampled one
	sampled        bool                         // it is
	objects        [largeCacheSize]cachedObject // the oldest first
}

// A cachedObject names a large object. Its address is kept beside that of its descriptor,
// so that whoever gets the object can begin to use it while the descriptor is still on
// its way from memory.
type cachedObject struct {
	d    largeheap.Descriptor
	addr uintptr
}

const (
	largeCacheSize  = 4
	largeCacheStart = classCacheSize * sizeclass.Count // offset in a cache

	// maxLargeCountdown is the most bytes that nextSample is set to. As with class
	// caches, the rest of a longer way is drawn anew.
	maxLargeCountdown = 64 << 20
)

func largeCacheOf(cache uintptr) *largeCache { return raw.At[largeCache](cache + largeCacheStart) }

// put adds an object as the youngest. If the cache is full, it takes the oldest out and
// returns its descriptor, for the caller to drop.
func (l *largeCache) put(o cachedObject) (out largeheap.Descriptor) {
	if l.n == largeCacheSize {
		out = l.remove(0)
	}
	l.objects[l.n] = o
	l.count(o.d, 1)
	return out
}

// remove takes the i-th object out and returns its descriptor.
func (l *largeCache) remove(i uintptr) largeheap.Descriptor {
	d := l.objects[i].d
	l.count(d, ^uintptr(0)) // −1
	for ; i < l.n; i++ {
		l.objects[i] = l.objects[i+1]
	}
	return d
}

// count counts an object n times more.
func (l *largeCache) count(d largeheap.Descriptor, n uintptr) {
	o := d.Describe()
	atomic.StoreUintptr(&l.bytes, l.bytes+n*o.Total)
	atomic.StoreUintptr(&l.size, l.size+n*o.Size)
	atomic.StoreUintptr(&l.n, l.n+n)
}

// sampleNext reports whether a large object of size bytes that is about to be handed out
// is a sampled one: the sampler's next point lies in its bytes.
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

// takeLarge hands out an object of the processor's cache for size bytes, and zeroed if
// needZero is set; 0 if there is none that fits. The youngest comes first: it is the
// likeliest to be in the processor's caches.
func (a *Allocator) takeLarge(size uintptr, needZero bool) (addr uintptr) {
	p := (*processors)(a)
	cache, id, err := p.acquire()
	if err != nil {
		return 0
	}
	l := largeCacheOf(cache)
	for i := l.n; i > 0; i-- {
		o := l.objects[i-1]
		change, fits := o.d.Fits(size)
		if !fits {
			continue
		}
		l.remove(i - 1)
		atomic.StoreUintptr(&l.requested, l.requested+uintptr(change))
		atomic.StoreUintptr(&l.served, l.served+1)
		p.release(id)
		raceannotate.Acquire(o.addr)
		a.large.Take(o.d, o.addr, size, needZero)
		return o.addr
	}
	p.release(id)
	return 0
}

// putLarge frees a claimed large object. It puts the object into the processor's cache if it
// fits there.
func (a *Allocator) putLarge(d largeheap.Descriptor, addr uintptr) {
	raceannotate.Release(addr)
	if !a.large.Put(d) {
		a.large.Retain(d)
		return
	}
	out, p := d, (*processors)(a)
	if cache, id, err := p.acquire(); err == nil {
		out = largeCacheOf(cache).put(cachedObject{d, addr})
		p.release(id)
	}
	if out != 0 {
		a.large.Drop(out)
	}
}

// dropOwnLarge returns the objects in the processor's large-object cache to the large heap.
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

// cachedLarge returns how many bytes the processors' large-object caches hold.
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

// dropLarge gives the objects of a large-object cache to the large heap. The caller owns
// the cache.
func (a *Allocator) dropLarge(l *largeCache) {
	for l.n > 0 {
		a.large.Drop(l.remove(0))
	}
	a.large.Account(int64(int(l.requested)))
	*l = largeCache{}
}
