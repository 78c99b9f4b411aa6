// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math/bits"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// A cacheRoom bounds the bytes of the free blocks that a cache holds for Locals: the cache of a Local,
// or that of a processor, of the classes for which many Locals use it (cacheFor). The holder of the
// cache changes it on slow paths.
//
//	bytes = Σ of; of a class: half of the room of its loaded magazines, and the blocks of its
//	        previous ones, when a Local exchanged one of them last
//	bytes ≤ roomFor, after bound, if more than one class has magazines
//
// A class cache begins with a small magazine, and each next one is twice as large. If the cache
// has more than it should, the class caches of other classes lose their magazines in turn. So the
// classes that are used most have the largest magazines.
type cacheRoom struct {
	bytes  uintptr
	of     [sizeclass.Count]uint32 // bytes of each class
	full   classBits               // classes that may have magazines
	recent classBits               // those of them that exchanged a magazine with the depot since evict met them
	victim sizeclass.Class         // the class that evict met last
}

// classBits is a set of classes.
type classBits [(sizeclass.Count + 31) / 32]uint32

func (s *classBits) add(c sizeclass.Class)    { s[c/32] |= 1 << (c % 32) }
func (s *classBits) remove(c sizeclass.Class) { s[c/32] &^= 1 << (c % 32) }

func roomOf(cache uintptr) *cacheRoom { return raw.At[cacheRoom](cache + roomStart) }

// update counts class c of the cache anew.
func (s *cacheRoom) update(cache uintptr, c sizeclass.Class) {
	n := classCacheOf(cache, c).Estimate()
	if row := smallheap.PutRow(c); row != c {
		n += classCacheOf(cache, row).Estimate()
	}
	bytes := n * uint32(c.Size())
	s.bytes += uintptr(bytes) - uintptr(s.of[c])
	s.of[c] = bytes
}

// exchanged returns the room that the next magazine of r, the class cache of class c of h, should have. If
// r got one from the depot (fetched), over reports whether the cache has more than it should. Only
// caches that are used for a Local are bounded.
func (a *Allocator) exchanged(h holder, cache uintptr, r *smallheap.ClassCache, c sizeclass.Class, bounded, fetched bool) (want uint32, over bool) {
	if !bounded {
		return smallheap.Capacity(c), false
	}
	over = fetched && a.countRoom(h, cache, c)
	want = r.NextRoom(c)
	if a.isOneOfMany(h) {
		want = min(want, smallheap.ShortRoom(c))
	}
	return want, over
}

// countRoom counts class c of h's cache anew after it exchanged a magazine with the depot. It reports
// whether the cache has more than it should.
func (a *Allocator) countRoom(h holder, cache uintptr, c sizeclass.Class) (over bool) {
	s := roomOf(cache)
	s.update(cache, c)
	s.full.add(c)
	s.recent.add(c)
	return s.bytes > a.roomFor(h)
}

// next returns the class after s.victim that should lose its magazines, in a circle. It passes over
// class c, and over classes in s.recent, which it removes from there. It returns c if there is no
// other class.
func (s *cacheRoom) next(c sizeclass.Class) sizeclass.Class {
	at := s.victim + 1
	for range 2*len(s.full) + 1 {
		w, from := at/32%sizeclass.Class(len(s.full)), ^uint32(0)<<(at%32)
		old := s.full[w] & from
		if c/32 == w {
			old &^= 1 << (c % 32)
		}
		if out := old &^ s.recent[w]; out != 0 {
			v := sizeclass.Class(bits.TrailingZeros32(out))
			s.recent[w] &^= from & (1<<v - 1)
			s.victim = 32*w + v
			return s.victim
		}
		s.recent[w] &^= from
		at = 32 * (w + 1)
	}
	return c
}

// maxEvicted is the number of magazines that a cache loses while a goroutine is pinned.
const maxEvicted = 16

// An evicted magazine is on its way to the depot of its class.
type evicted struct {
	class    sizeclass.Class
	magazine uintptr
}

// bound takes magazines of other classes than c from h's cache until the cache has as much as it
// should, and returns them to the depots.
func (a *Allocator) bound(h holder, c sizeclass.Class) {
	for more := true; more; {
		cache, id, err := h.acquire()
		if err != nil {
			return
		}
		var buffer [maxEvicted]evicted
		out := evict(cache, c, a.roomFor(h), buffer[:0])
		h.release(id)
		for _, e := range out {
			a.returnMagazine(e.class, e.magazine)
		}
		more = len(out) > maxEvicted-2
	}
}

// evict removes up to maxEvicted magazines of other classes than c from a cache until it has no more
// than limit, and adds them to out. The caller holds the cache.
func evict(cache uintptr, c sizeclass.Class, limit uintptr, out []evicted) []evicted {
	s := roomOf(cache)
	for s.bytes > limit && len(out) <= maxEvicted-2 {
		v := s.next(c)
		if v == c {
			break
		}
		left := false
		for r := range classCachesOf(cache, v) {
			if r.Torn() {
				continue
			}
			m, more := r.UnloadPrevious()
			if m != 0 {
				out = append(out, evicted{v, m})
			}
			left = left || more
		}
		if !left {
			s.full.remove(v)
		}
		s.update(cache, v)
	}
	return out
}

// roomFor returns about how many bytes of free blocks the cache of h may hold.
func (a *Allocator) roomFor(h holder) uintptr {
	return uintptr(a.budget.CacheBytes(a.isOneOfMany(h)))
}

// manyLocals is the number of Locals with caches from which on each of them caches little.
const manyLocals = 8

// isOneOfMany reports whether h is one of many Locals.
func (a *Allocator) isOneOfMany(h holder) bool {
	return localOf(h) != nil && a.locals.count.Load() >= manyLocals
}

// ownShare is the part of its budget that a block may have which one of many Locals caches.
const ownShare = 16

// cacheFor returns the holder whose cache a slow path uses for class c: h, or the processors if h is
// one of many Locals and the class has large blocks. Few of them would fit, and those that do would
// be out of the reach of others.
func (a *Allocator) cacheFor(h holder, c sizeclass.Class) holder {
	if !a.isOneOfMany(h) || uintptr(c.Size()) <= a.roomFor(h)/ownShare {
		return h
	}
	return (*processors)(a)
}
