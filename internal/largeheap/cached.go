// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// maxCachedSize is the usable length of the largest object that Put takes, in bytes.
const maxCachedSize = 2 << 20

// A Descriptor is the address of an object's descriptor, to which the page map leads.
// Its methods work on the objects of every heap, live or cached, while others use them.
type Descriptor uintptr

// Caches reports whether a large-object cache may keep the claimed object d after it is freed:
// then the caller calls Put, and otherwise Retain.
func (h *Heap) Caches(d Descriptor) bool { return objectAt(uintptr(d)).usable() <= h.maxCached }

// Put frees a claimed object into a large-object cache, which keeps a few freed objects and
// hands them out again. Put, TakeSame and Take do not lock, and only Take touches the object's
// memory.
//
// A cached object stays dirty and counts as live in Stats. It belongs to the cache, which
// later passes it to TakeSame, Take or Drop. Its header stays that of a live object.
func (d Descriptor) Put() { objectAt(uintptr(d)).set(Cached) }

// TakeSame makes the cached object live again, with the size that it had. The caller has taken
// it out of its cache.
func (d Descriptor) TakeSame() { objectAt(uintptr(d)).set(Live) }

// Fits reports whether the cached object's extent suits an object of size bytes, and by
// how much the requested bytes change if it becomes one. The cache adds up the changes and
// passes the sum to Account. An extent that was mapped for an object of the same size can
// have almost two pages more than it needs.
func (d Descriptor) Fits(size uintptr) (change int64, ok bool) {
	o := objectAt(uintptr(d))
	usable := o.usable()
	return int64(size) - int64(o.requested), usable >= size && usable <= maxTotal(size)+2*vm.PageSize()
}

// Take makes the cached object d at addr a live object of size bytes, for which Fits holds, or
// which it had. If needZero is set, it zeroes the bytes. The caller has taken d out of its cache.
//
//go:norace
func (h *Heap) Take(d Descriptor, addr, size uintptr, needZero bool) {
	o := objectAt(uintptr(d))
	if needZero {
		h.zero(o, addr, size)
	}
	if interleave.Enabled {
		interleave.Point()
	}
	if o.requested != size {
		o.requested = size
		headerAt(addr)[wordRequested] = uint64(size)
	}
	o.set(Live)
}

// Drop frees a cached object as Retain frees a claimed one.
func (h *Heap) Drop(d Descriptor) {
	raceannotate.Acquire(objectAt(uintptr(d)).user())
	h.Retain(d)
}

// Account adds changes that Take returned to the requested bytes of the heap.
func (h *Heap) Account(change int64) {
	if change != 0 {
		h.unaccounted.Add(change)
	}
}

// account makes the shards count n requested bytes for o. Take changes the requested
// size without counting, and its caller passes the change to Account later. So account
// takes the difference back. The caller holds s.mu.
func (h *Heap) account(s *shard, o *object, n uintptr) {
	s.requested += int64(n) - int64(o.accounted)
	h.Account(int64(o.accounted) - int64(o.requested))
	o.accounted = n
}

// Describe returns the description of the object.
func (d Descriptor) Describe() Object { return objectAt(uintptr(d)).describe() }

// Usable returns the number of bytes from the object's first to the last of its extent.
func (d Descriptor) Usable() uintptr { return objectAt(uintptr(d)).usable() }

// Total returns the number of bytes of the object's extent.
func (d Descriptor) Total() uintptr { return objectAt(uintptr(d)).total() }

// Requested returns the requested size of the live object in bytes.
func (d Descriptor) Requested() uintptr { return objectAt(uintptr(d)).requested }

// IsLive reports whether the object is live.
func (d Descriptor) IsLive() bool { return objectAt(uintptr(d)).current() == Live }

// Mark sets or clears a mark on an object that belongs to the caller. Package alloc defines
// its meaning. The mark is in a cache line that Free reads anyway.
func (d Descriptor) Mark(on bool) {
	c := sizeclass.Class(0)
	if on {
		c = 1
	}
	objectAt(uintptr(d)).Class = c
}

// Marked reports whether the object has the mark.
func (d Descriptor) Marked() bool { return objectAt(uintptr(d)).Class != 0 }
