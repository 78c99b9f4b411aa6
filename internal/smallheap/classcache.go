// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"math/bits"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A ClassCache is the part of a cache that serves one class. It has two magazines
// (Bonwick and Adams, "Magazines and Vmem", USENIX 2001). Blocks are taken from the
// loaded one and put into it. The previous one is nearly always full or empty. A
// program that allocates and frees around a magazine's edge swaps the two instead of
// going to the depot each time.
//
//	                    bottom        top            limit
//	                      ▼            ▼               ▼
//	┌─────────┬──────────┬──────┬──────┬──────┬───────┬─────┐
//	│ next, n │ sentinel │ slot │ slot │      │       │ end │     bottom ≤ top ≤ limit
//	└─────────┴──────────┴──────┴──────┴──────┴───────┴─────┘
//
//	counted − nextSample = blocks handed out by this class cache,  0 ≤ nextSample ≤ MaxCountdown
//	requested            = Σ size codes handed out − Σ taken back, modulo a word
//
// The fast path hands out nextSample blocks. Then the slow path asks the sampler whether
// the next block is a sampled one.
//
// In a class cache without a loaded magazine, bottom = top = limit. They point to the first byte after the
// sentinel of noMagazine. Such a class cache may have a previous magazine (UnloadPrevious).
//
// Only the holder of the cache touches it: a pinned goroutine, or the goroutine of a
// Local. A snapshot reads it from outside, a word at a time, and may see it mid-change.
type ClassCache struct {
	top, bottom, limit uintptr // addresses of slots of the loaded magazine
	previous           uintptr // the previous magazine, or 0
	nextSample         uintptr // blocks until the slow path asks the sampler
	counted            uintptr // blocks handed out before nextSample was set, plus its value then
	requested          uintptr
	sampled            bool // when nextSample is 0, the next block is a sampled one
	_                  [classCacheSize - 8*wordSize]byte
}

const (
	classCacheSize = 64 // a cache line; sizeclass.ClassCode.Row relies on this size
	wordSize       = bits.UintSize / 8
)

// MaxCountdown is the largest number of blocks that one draw of the sampler counts down.
// It also bounds the error of whoever reads a class cache that is in use.
const MaxCountdown = 4096

// noMagazine stands for the loaded magazine in a class cache without magazines.
var noMagazine = struct {
	magazine
	end slot
}{magazine{sentinel: slot{state: sentinelState()}}, slot{addr: endMark}}

// EmptyClassCache returns a class cache without magazines.
func EmptyClassCache() ClassCache {
	slots := raw.Addr(unsafe.Pointer(&noMagazine.end))
	return ClassCache{top: slots, bottom: slots, limit: slots}
}

// hasMagazines reports whether a magazine is loaded.
func (r *ClassCache) hasMagazines() bool { return r.bottom != r.limit }

// Ready reports whether the fast path may take a block: the loaded magazine is not
// empty, its top block is free, and the sampler need not be asked.
func (r *ClassCache) Ready() bool { return r.nextSample != 0 && r.HasBlock() }

// HasBlock reports whether there is a block to take, by the fast path or the slow path.
func (r *ClassCache) HasBlock() bool { return IsCached(*r.state()) }

// Allocs returns how many blocks this class cache handed out. Whoever reads it while the
// holder goes on may be off by MaxCountdown.
func (r *ClassCache) Allocs() uint64 {
	return uint64(atomic.LoadUintptr(&r.counted) - atomic.LoadUintptr(&r.nextSample))
}

// Requested returns the sum of the size codes handed out, minus those taken back.
func (r *ClassCache) Requested() uint64 { return uint64(atomic.LoadUintptr(&r.requested)) }

// AddRequested adds a change in the size codes of live blocks.
func (r *ClassCache) AddRequested(change uint64) { r.requested += uintptr(change) }

// SplitCount takes what is counted out of a class cache that has counted so much that a
// word could overflow, on 32 bits. The caller passes it to Depot.Account.
func (r *ClassCache) SplitCount() (allocs uint64) {
	if wordSize == 8 || r.counted < 1<<31 {
		return 0
	}
	allocs = r.Allocs()
	r.counted = r.nextSample
	return allocs
}

// state returns the state byte of the top block.
func (r *ClassCache) state() *State { return (*State)(raw.Pointer(r.slot().state)) }

func (r *ClassCache) slot() *slot { return (*slot)(raw.Pointer(r.top - slotSize)) }

// Zeroed reports whether the top block, for which HasBlock holds, is known to be zero.
func (r *ClassCache) Zeroed() bool { return *r.state() == Cached }

// Take takes the top block, and marks it live with the size code. The class cache must be
// Ready.
//
// It reads all that it needs before it writes anything, as Put does: so the compiler reads
// it once for Ready and for Take. Then top comes from a slot that was looked at, even if
// two goroutines use one Local: it stays within the bounds of a magazine.
func (r *ClassCache) Take(code uint8) uintptr {
	top, s, st := r.top, *r.slot(), r.state()
	if interleave.Enabled {
		interleave.Point()
	}
	r.nextSample--
	*st = Live | code
	r.top = top - slotSize
	r.requested += uintptr(code)
	raceannotate.Acquire(s.addr)
	return s.addr
}

// TakeSlow is Take for slow paths, which have done more since HasBlock was true. It takes a
// block without counting it down if that is a sampled one: SampleNext did. zeroed reports
// whether the block is known to be zero. It returns 0 if another goroutine has taken the
// block, which only those can that share a Local.
func (r *ClassCache) TakeSlow(code uint8, sampled bool) (addr uintptr, zeroed bool) {
	top := r.top
	s := *raw.At[slot](top - slotSize)
	st := raw.At[State](s.state)
	was := *st
	if !IsCached(was) {
		return 0, false
	}
	if interleave.Enabled {
		interleave.Point()
	}
	if !sampled && r.nextSample != 0 {
		r.nextSample--
	}
	*st = Live | code
	r.top = top - slotSize
	r.requested += uintptr(code)
	raceannotate.Acquire(s.addr)
	return s.addr, was == Cached
}

// HasRoom reports whether the loaded magazine has room for a block.
func (r *ClassCache) HasRoom() bool { return raw.At[slot](r.top).addr != endMark }

// Put puts the block at addr into the loaded magazine, which must have room. st is the
// block's state byte, which the caller has found live with the size code.
func (r *ClassCache) Put(addr uintptr, st *State, code uint8) { r.putAt(r.top, addr, st, code) }

// PutSlow is Put for slow paths. It reports false if there is no room.
func (r *ClassCache) PutSlow(addr uintptr, st *State, code uint8) bool {
	top := r.top
	room := raw.At[slot](top).addr != endMark
	if room {
		r.putAt(top, addr, st, code)
	}
	return room
}

// putAt puts a block into the slot at top.
func (r *ClassCache) putAt(top, addr uintptr, st *State, code uint8) {
	raceannotate.Release(addr)
	if interleave.Enabled {
		interleave.Point()
	}
	r.requested -= uintptr(code)
	*st = Cached | Used
	*raw.At[slot](top) = slot{addr, raw.Addr(unsafe.Pointer(st))}
	r.top = top + slotSize
}

// Drop removes the top slot without using its block, and returns the block's address, 0 if
// there is none.
func (r *ClassCache) Drop() uintptr {
	top := r.top - slotSize
	s := *raw.At[slot](top)
	if s.state != sentinelState() {
		r.top = top
	}
	return s.addr // 0 in the sentinel
}

// Empty reports whether the loaded magazine, if there is one, has no slots filled.
func (r *ClassCache) Empty() bool { return r.top == r.bottom }

// Torn reports whether top is in another magazine than the loaded one. That comes about
// only if two goroutines use one Local at once.
func (r *ClassCache) Torn() bool { return r.top-r.bottom > r.limit-r.bottom }

// Mend makes a torn class cache one whose loaded magazine is empty. Its blocks are lost.
func (r *ClassCache) Mend() { r.top = r.bottom }

// Refill loads a magazine with blocks if the loaded one has none: the previous one if it
// has blocks, otherwise the spare one. It returns the magazine that is spare afterwards,
// or 0.
func (r *ClassCache) Refill(spare uintptr) uintptr {
	if r.Empty() && r.previous != 0 && magazineAt(r.previous).n > 0 {
		r.exchange(r.previous)
	}
	if r.Empty() && spare != 0 {
		return r.exchange(spare)
	}
	return spare
}

// MakeRoom loads a magazine with room if the loaded one is full: the previous one if it is
// empty, otherwise the spare one. It returns the magazine that is spare afterwards, or 0.
func (r *ClassCache) MakeRoom(spare uintptr) uintptr {
	if !r.HasRoom() && r.previous != 0 && magazineAt(r.previous).n == 0 {
		r.exchange(r.previous)
	}
	if !r.HasRoom() && spare != 0 {
		return r.exchange(spare)
	}
	return spare
}

// GiveUp removes the previous magazine and returns it, or 0. The caller exchanges it for another one
// in the depot. If the loaded magazine has less room than the previous one and less than room, the
// room of magazines at present, GiveUp removes the loaded one instead: so small magazines leave the
// cache after magazines have grown.
func (r *ClassCache) GiveUp(room uint32) (m uintptr) {
	if r.previous != 0 && r.hasMagazines() && r.loadedRoom() < min(magazineAt(r.previous).room, room) {
		r.exchange(r.previous)
	}
	m, r.previous = r.previous, 0
	return m
}

// Unload empties the class cache. It returns both magazines, each of which may be 0, and
// the counts of the class cache.
func (r *ClassCache) Unload() (loaded, previous uintptr, allocs, requested uint64) {
	loaded, previous, allocs, requested = r.loaded(), r.previous, r.Allocs(), r.Requested()
	*r = EmptyClassCache()
	return loaded, previous, allocs, requested
}

// UnloadPrevious removes the previous magazine, and makes the loaded one the previous one. It returns the
// magazine that it removed, or 0, and whether another is left. So a magazine never goes from a fast path
// straight to the depot, not even if two goroutines share a Local by mistake.
func (r *ClassCache) UnloadPrevious() (m uintptr, more bool) {
	m, r.previous = r.previous, r.loaded()
	empty := EmptyClassCache()
	r.top, r.bottom, r.limit = empty.top, empty.bottom, empty.limit
	return m, r.previous != 0
}

// Estimate returns about how many blocks both magazines hold: half of the room of the loaded one,
// which the fast paths fill and empty, and the blocks of the previous one.
func (r *ClassCache) Estimate() (n uint32) {
	n = (r.loadedRoom() + 1) / 2
	if r.previous != 0 {
		n += magazineAt(r.previous).n
	}
	return n
}

func (r *ClassCache) loadedRoom() uint32 { return uint32((r.limit - r.bottom) / slotSize) }

// NextRoom returns the room that the next magazine of a class cache of class c should have: twice
// that of the larger magazine. So whoever uses a class much soon gets large magazines, and whoever
// uses it little keeps few blocks.
func (r *ClassCache) NextRoom(c sizeclass.Class) uint32 {
	room := max(r.loadedRoom(), startRoom(c)/2)
	if r.previous != 0 {
		room = max(room, magazineAt(r.previous).room)
	}
	return min(max(2*room, 1), Capacity(c))
}

// loaded returns the loaded magazine with its count brought up to date, or 0.
func (r *ClassCache) loaded() uintptr {
	if !r.hasMagazines() {
		return 0
	}
	filled := r.top - r.bottom
	if filled > r.limit-r.bottom {
		filled = 0 // torn
	}
	m := r.bottom - slotsStart
	magazineAt(m).n = uint32(filled / slotSize)
	return m
}

// load makes m the loaded magazine.
func (r *ClassCache) load(m uintptr) {
	r.bottom = m + slotsStart
	r.top = r.bottom + uintptr(magazineAt(m).n)*slotSize
	r.limit = r.bottom + uintptr(magazineAt(m).room)*slotSize
}

// exchange loads m, keeps the magazine that was loaded as the previous one, and returns
// the one that was the previous one, or 0.
func (r *ClassCache) exchange(m uintptr) uintptr {
	loaded, previous := r.loaded(), r.previous
	if interleave.Enabled {
		interleave.Point()
	}
	r.load(m)
	r.previous = loaded
	return previous
}

// Blocks returns how many blocks of class c both magazines hold. It may be called while
// the holder goes on: the answer is then between 0 and two magazines' worth.
func (r *ClassCache) Blocks(c sizeclass.Class) uint32 {
	n := min(uint32((atomic.LoadUintptr(&r.top)-atomic.LoadUintptr(&r.bottom))/slotSize), MaxRoom(c))
	if previous := atomic.LoadUintptr(&r.previous); previous != 0 {
		n += min(atomic.LoadUint32(&magazineAt(previous).n), MaxRoom(c))
	}
	return n
}

// Activity is a number that changes when the class cache is used: an allocation counts,
// a free moves the top of a loaded magazine.
func (r *ClassCache) Activity() uint64 { return 3*r.Allocs() + uint64(atomic.LoadUintptr(&r.top)) }

// SampleNext reports whether the next block is a sampled one. If it is, SampleNext counts
// it, and the caller takes it by TakeSlow. Otherwise the countdown is above 0. gap draws the number of blocks until the next sampled
// one.
//
// SampleNext counts a long gap down in steps of MaxCountdown. The distribution of gaps has
// no memory, so at the end of a step it draws a new gap instead of using the rest of the old
// one. With short steps, a change of the rate soon takes effect.
func (r *ClassCache) SampleNext(gap func() float64) bool {
	for r.nextSample == 0 {
		if r.sampled {
			r.sampled = false
			r.counted++
			return true
		}
		next := gap()
		r.sampled = next <= MaxCountdown
		r.nextSample = uintptr(min(next, MaxCountdown))
		r.counted += r.nextSample
	}
	return false
}
