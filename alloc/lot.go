package alloc

import (
	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/watch"
)

// A lot is the part of a cache where freed large objects are parked: a few, to be
// handed out again without asking the large heap, which locks; the large heap says
// how large at most. Like a rack it is touched by the cache's holder only.
//
//	0 ≤ n ≤ lotSize
//	0 ≤ due ≤ largeStride
//	asked = Σ changes in what is asked for, by objects handed out again
type lot struct {
	n      uintptr
	asked  int64
	served uint64          // objects handed out
	due    uintptr         // bytes of objects until one may be a chosen one
	event  bool            // it is
	parked [lotSize]parked // the oldest first
}

// parked names a large object. Its address is kept beside its descriptor so that
// who gets it can begin to use it while the descriptor is still on its way from
// memory.
type parked struct {
	at   largeheap.Descriptor
	addr uintptr
}

const (
	lotSize  = 4
	lotStart = rackSize * sizeclass.Count // offset in a cache
)

func lotOf(cache uintptr) *lot { return raw.At[lot](cache + lotStart) }

// add parks an object as the youngest. If the lot is full, the oldest is taken
// out, to be retired.
func (l *lot) add(p parked) (out largeheap.Descriptor) {
	if l.n == lotSize {
		out = l.remove(0)
	}
	l.parked[l.n] = p
	l.n++
	return out
}

// remove takes the i-th object out and returns its descriptor.
func (l *lot) remove(i uintptr) largeheap.Descriptor {
	at := l.parked[i].at
	l.n--
	for ; i < l.n; i++ {
		l.parked[i] = l.parked[i+1]
	}
	return at
}

// unpark hands out a parked object for size bytes, if there is one that fits. The
// youngest comes first: it is the likeliest to be in the processor's caches.
//
// The request counts in any case: chosen tells whether its object is a chosen one.
func (a *Allocator) unpark(h holder, op string, size uintptr) (addr uintptr, chosen bool) {
	cache, id, err := h.hold()
	if err != nil {
		return 0, false
	}
	l := lotOf(cache)
	chosen = l.choose(size, a.rateOf(size), &a.odds.dice)
	for i := l.n; i > 0; i-- {
		p := l.parked[i-1]
		change, fits, ok := a.large.Take(p.at, p.addr, size)
		if ok && !fits {
			continue
		}
		at := l.remove(i - 1)
		l.asked += change
		l.served++
		h.letGo(id)
		watch.Acquire(p.addr)
		if !ok {
			panic(explainLarge(op, p.addr, at.FreedTwice()))
		}
		return p.addr, chosen
	}
	h.letGo(id)
	return 0, chosen
}

// park frees a large object, into the lot if it suits that.
func (a *Allocator) park(h holder, addr uintptr) error {
	cache, id, err := h.hold()
	if err != nil {
		return a.large.Free(addr)
	}
	out := largeheap.Descriptor(0)
	watch.Release(addr)
	at := a.large.Put(addr)
	if at != 0 {
		out = lotOf(cache).add(parked{at, addr})
	}
	h.letGo(id)
	if out != 0 {
		a.large.Drop(out)
	}
	if at == 0 {
		return a.large.Free(addr)
	}
	return nil
}

// clearLot retires what is parked. The caller owns the cache.
func (a *Allocator) clearLot(l *lot) {
	for l.n > 0 {
		a.large.Drop(l.remove(0))
	}
	a.large.Account(l.asked)
	*l = lot{}
}
