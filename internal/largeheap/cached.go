// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/internal/watch"
)

// maxCachedSize is the usable length of the largest object that Put takes, in bytes.
const maxCachedSize = 2 << 20

// A Descriptor is the address of an object's descriptor, to which the page map leads.
// Its methods are for any heap's objects, live or cached, while others may use them.
type Descriptor uintptr

// Put frees the live object at addr for a large-object cache, which keeps a few freed
// objects and hands them out again by Take. Neither Put nor Take locks or uses a
// read-modify-write operation. Put returns the object's descriptor, or 0 if this is no
// live object or none for a cache: then the caller calls Free.
//
// A cached object stays dirty and counts as live in Stats. The cache must pass it to
// Take or Drop in the end.
//
//go:norace
func (h *Heap) Put(addr uintptr) Descriptor {
	o := h.lookup(addr)
	if o == nil || o.current() != Live || o.usable() > h.maxCached || !o.intact(addr, h.secret) {
		return 0
	}
	o.set(Cached)
	headerAt(addr)[wordState] = uint64(Cached)
	return Descriptor(o.addr())
}

// Take makes the cached object d, whose address is addr, a live one of size bytes, if
// its extent suits that size; fits reports whether it does. An extent that was mapped
// for an object of the same size can have almost two pages more than it needs.
// The cache adds up the changes of the requested bytes and passes the sum to Account.
//
// cached is false if the object is not cached any more. Then two goroutines freed it at
// the same time, it was put into two caches, and the other one has handed it out.
//
//go:norace
func (h *Heap) Take(d Descriptor, addr, size uintptr) (change int64, fits, cached bool) {
	o := objectAt(uintptr(d))
	if o.current() != Cached {
		return 0, false, false
	}
	if usable := o.usable(); usable < size || usable > maxTotal(size)+2*vm.PageSize() {
		return 0, false, true
	}
	change = int64(size) - int64(o.requested)
	o.requested = size
	header := headerAt(addr)
	header[wordRequested] = uint64(size)
	header[wordState] = uint64(Live)
	o.set(Live)
	return change, true, true
}

// Drop frees a cached object for good. One that is in two caches is freed once.
func (h *Heap) Drop(d Descriptor) {
	if o := objectAt(uintptr(d)); o.swap(Cached, Releasing) {
		watch.Acquire(o.user())
		h.dispose(o)
	}
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

// Requested returns the requested size of the live object in bytes.
func (d Descriptor) Requested() uintptr { return objectAt(uintptr(d)).requested }

// IsLive reports whether the object is live.
func (d Descriptor) IsLive() bool { return objectAt(uintptr(d)).current() == Live }

// FreedTwice describes an object that Take found not to be cached any more.
func (d Descriptor) FreedTwice() *Violation {
	s := d.Describe()
	return &Violation{s.Base, DoubleFree, s, "two goroutines freed the " + s.String() +
		" at the same time; that was found when it was about to be used again"}
}
