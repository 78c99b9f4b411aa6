package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/watch"
)

// A rack is one class' part of a cache: two magazines (Bonwick and Adams,
// "Magazines and Vmem", USENIX 2001), of which the loaded one serves. The
// previous one is full or empty, more or less, so that a program that allocates
// and frees around a magazine's edge swaps the two instead of going to the depot
// each time.
//
//	                    bottom        top            limit
//	                      ▼            ▼               ▼
//	┌─────────┬──────────┬──────┬──────┬──────┬───────┐
//	│ next, n │ sentinel │ slot │ slot │      │       │     bottom ≤ top ≤ limit
//	└─────────┴──────────┴──────┴──────┴──────┴───────┘
//
//	armed − due = blocks handed out through this rack,  0 ≤ due ≤ stride
//	codes       = Σ fit codes handed out − Σ taken back, modulo 2^64
//
// So many blocks as due says are handed out by the fast path; then the slow path
// looks whether the next is a chosen one (chosen.go).
//
// A rack without magazines has bottom = top = limit behind a sentinel of its own.
//
// Only the holder of the cache touches it: a pinned goroutine, or a Local's. A
// snapshot reads it from outside and may see it mid-change.
type rack struct {
	top, bottom, limit uintptr // addresses of slots of the loaded magazine
	prev               uintptr // the previous magazine, or 0
	due                uintptr // blocks until the slow path is wanted
	armed              uint64  // what due was when it was set, and all blocks before
	codes              uint64
	chosen             bool // the block after those due is a chosen one
	_                  [rackSize - 5*wordSize - 16 - wordSize]byte
}

const rackSize = 64 // a cache line; sizeclass.Fit.Row counts on it

// noMagazine is what a rack without magazines has loaded.
var noMagazine = magazine{sentinel: slot{state: raw.Addr(unsafe.Pointer(&noBlock))}}

// noRack returns a rack without magazines.
func noRack() rack {
	slots := raw.Addr(unsafe.Pointer(&noMagazine)) + slotsStart
	return rack{top: slots, bottom: slots, limit: slots}
}

// bare reports whether the rack has no magazines.
func (r *rack) bare() bool { return r.bottom == r.limit }

// ready reports whether the fast path may take a block: the loaded magazine is not
// empty, the block on top is free, and none of the blocks until then is due for
// the slow path.
func (r *rack) ready() bool { return r.due != 0 && r.holds() }

// holds reports whether there is a block to take, by whatever path.
func (r *rack) holds() bool { return isCached(*r.state()) }

// allocs returns how many blocks were handed out through this rack. Who reads it
// while the holder goes on may be off by one stride.
func (r *rack) allocs() uint64 { return r.armed - uint64(r.due) }

// state returns the state byte of the block on top.
func (r *rack) state() *state { return (*state)(raw.Pointer(r.slot().state)) }

func (r *rack) slot() *slot { return (*slot)(raw.Pointer(r.top - slotSize)) }

// zero reports whether the block on top, for which the rack is ready, is known
// to be zero.
func (r *rack) zero() bool { return *r.state() == cached }

// take takes the block on top, for which the rack is ready, and marks it live
// with the fit code.
func (r *rack) take(code uint8) uintptr {
	r.due--
	return r.pop(live|code, code)
}

// pop takes the block on top, whose state becomes st, without counting it.
func (r *rack) pop(st state, code uint8) uintptr {
	s := r.slot()
	*r.state() = st
	r.top -= slotSize
	r.codes += uint64(code)
	watch.Acquire(s.addr)
	return s.addr
}

// takes reports whether the loaded magazine has room.
func (r *rack) takes() bool { return r.top != r.limit }

// put puts the block at addr, whose state byte st was found live with the fit
// code, into the loaded magazine, which has room.
func (r *rack) put(addr uintptr, st *state, code uint8) {
	watch.Release(addr)
	r.codes -= uint64(code)
	*st = cached | used
	*(*slot)(raw.Pointer(r.top)) = slot{addr, raw.Addr(unsafe.Pointer(st))}
	r.top += slotSize
}

// drop takes the topmost slot out without using its block, and returns the
// block's address.
func (r *rack) drop() uintptr {
	r.top -= slotSize
	return raw.At[slot](r.top).addr
}

// loaded returns the loaded magazine with its count brought up to date, or 0.
func (r *rack) loaded() uintptr {
	if r.bare() {
		return 0
	}
	m := r.bottom - slotsStart
	magazineAt(m).n = uint32((r.top - r.bottom) / slotSize)
	return m
}

// load makes m the loaded magazine.
func (r *rack) load(m uintptr, capacity uint32) {
	r.bottom = m + slotsStart
	r.top = r.bottom + uintptr(magazineAt(m).n)*slotSize
	r.limit = r.bottom + uintptr(capacity)*slotSize
}

// exchange loads m, keeps what was loaded as the previous magazine, and returns
// what was the previous one, or 0.
func (r *rack) exchange(m uintptr, capacity uint32) uintptr {
	loaded, prev := r.loaded(), r.prev
	r.load(m, capacity)
	r.prev = loaded
	return prev
}

// empty reports whether the loaded magazine has no blocks, if there is one.
func (r *rack) empty() bool { return r.top == r.bottom }

// prevHolds reports whether the previous magazine holds blocks, prevTakes
// whether it is empty.
func (r *rack) prevHolds() bool { return r.prev != 0 && magazineAt(r.prev).n > 0 }
func (r *rack) prevTakes() bool { return r.prev != 0 && magazineAt(r.prev).n == 0 }

// blocks returns how many blocks both magazines hold. It may be called while the
// holder goes on: the answer is then between 0 and two magazines' worth, at worst.
func (r *rack) blocks(capacity uint32) uint32 {
	n := min(uint32((r.top-r.bottom)/slotSize), capacity)
	if prev := r.prev; prev != 0 {
		n += min(magazineAt(prev).n, capacity)
	}
	return n
}
