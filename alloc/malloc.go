package alloc

import (
	"math"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/sizeclass"
	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// Malloc returns a block of size bytes. Its contents are unspecified and it is
// aligned to 16 bytes (to 64 from 128 KiB on). It is the caller's until it is
// freed, by any goroutine, and all of its UsableSize bytes may be used.
//
// Size 0 gives a unique pointer, to be freed like others. The error wraps
// ErrInvalidSize if size is negative, else ErrOutOfMemory, ErrLimit or ErrClosed.
func (a *Allocator) Malloc(size int) (unsafe.Pointer, error) {
	if uint(size-1) < sizeclass.LargeMin-1 {
		id := percpu.Pin()
		if a.hasCache(id) {
			fit := sizeclass.FitOf(size)
			if r := rackFor(a.cacheOf(id), fit); r.ready() {
				addr := r.take(fit.Code())
				percpu.Unpin(id)
				return raw.Pointer(addr), nil
			}
		}
		percpu.Unpin(id)
	}
	addr, _, err := a.slowMalloc((*processors)(a), "Malloc", size, false)
	return raw.Pointer(addr), err
}

// Calloc returns a zeroed block for n elements of size bytes each. It is like
// Malloc otherwise; a product that overflows is ErrInvalidSize.
func (a *Allocator) Calloc(n, size int) (unsafe.Pointer, error) {
	total, err := product("Calloc", n, size)
	if err != nil {
		return nil, err
	}
	if uint(total-1) < sizeclass.LargeMin-1 {
		id := percpu.Pin()
		if a.hasCache(id) {
			fit := sizeclass.FitOf(total)
			if r := rackFor(a.cacheOf(id), fit); r.ready() {
				zero := r.zero()
				addr := r.take(fit.Code())
				if !zero && total <= clearedPinned {
					clear(raw.Bytes(addr, uintptr(total)))
					zero = true
				}
				percpu.Unpin(id)
				return a.cleared(addr, total, zero)
			}
		}
		percpu.Unpin(id)
	}
	addr, _, err := a.slowMalloc((*processors)(a), "Calloc", total, true)
	return raw.Pointer(addr), err
}

// clearedPinned is the most bytes of a block that are cleared while pinned: some dozen
// instructions. The block's pages are there, for it has been used before.
const clearedPinned = 512

// cleared zeroes a block that was just handed out, unless it is zero already.
func (a *Allocator) cleared(addr uintptr, size int, zero bool) (unsafe.Pointer, error) {
	if !zero {
		s := a.gate.enter()
		if s == nil {
			return nil, &Error{Op: "Calloc", Size: size, Err: ErrClosed}
		}
		defer s.leave()
		clear(raw.Bytes(addr, uintptr(size)))
	}
	return raw.Pointer(addr), nil
}

// product returns n·size.
func product(op string, n, size int) (int, error) {
	if n < 0 || size < 0 || size > 0 && n > math.MaxInt/size {
		return 0, &Error{Op: op, Size: size, Err: ErrInvalidSize}
	}
	return n * size, nil
}

// allocate serves every request that the loaded magazine cannot: it is request, inside
// the gate, tried again when memory is short, and recorded as e. If the block is wanted
// zeroed, it is.
func (a *Allocator) allocate(h holder, op string, size, align int, wanted bool, e heaptrace.Event) (addr uintptr, zero bool, err error) {
	err = a.retry(op, size, func() (err error) {
		addr, zero, err = a.request(h, op, size, align, wanted)
		if err != nil {
			return err
		}
		if wanted && !zero {
			clear(raw.Bytes(addr, uintptr(size)))
			zero = true
		}
		if a.recorder.Load() != nil {
			a.recordNew(addr, e)
		}
		return nil
	})
	if size >= sizeclass.LargeMin {
		a.warnMany()
	}
	return addr, zero, err
}

// request returns a block at a multiple
// of align, a power of two. If the block is wanted zeroed a large object is; zero tells
// whether it is known to be.
func (a *Allocator) request(h holder, op string, size, align int, wanted bool) (addr uintptr, zero bool, err error) {
	switch {
	case size < 0:
		err = ErrInvalidSize
	case a.checked != nil:
		addr, err = a.checked.malloc(h, op, size, align, wanted)
		zero = wanted
	default:
		addr, zero, err = a.obtain(h, op, size, align, wanted)
	}
	if err != nil {
		return 0, false, &Error{Op: op, Size: size, Err: err}
	}
	return addr, zero, nil
}

// obtain returns a small block or a large object, as request does.
func (a *Allocator) obtain(h holder, op string, size, align int, wanted bool) (addr uintptr, zero bool, err error) {
	if size >= sizeclass.LargeMin && align <= largeAlign {
		return a.allocLarge(h, op, uintptr(size), wanted)
	}
	// Spans begin at a multiple of the page size. A multiple of align that is no
	// block size itself lies in a class whose sizes are all multiples of align.
	n := int(raw.AlignUp(uintptr(max(size, 1)), uintptr(align)))
	if size < sizeclass.LargeMin && n < sizeclass.LargeMin && align <= sizeclass.PageSize {
		return a.allocSmall(h, op, n)
	}
	chosen := a.choose(h, uintptr(max(size, 1)))
	addr, zero, err = a.mapLarge(uintptr(max(size, 1)), uintptr(align), wanted)
	if err == nil && chosen {
		a.chosenLarge(addr, uintptr(max(size, 1)), kindFor(op, heapprof.Large))
	}
	return addr, zero, err
}

// allocSmall takes a block from h's cache and brings magazines from the depot
// until it can.
func (a *Allocator) allocSmall(h holder, op string, size int) (addr uintptr, zero bool, err error) {
	fit := sizeclass.FitOf(size)
	c := fit.Class()
	hand := uintptr(0) // a magazine on its way between the depot and the rack
	for {
		cache, id, err := h.hold()
		if err != nil {
			a.stow(c, hand)
			return 0, false, err
		}
		r := rackOf(cache, c)
		if r.empty() && r.prevHolds() {
			r.exchange(r.prev, capacity(c))
		}
		if r.empty() && hand != 0 {
			hand = r.exchange(hand, capacity(c))
		}
		holds := r.holds()
		twice := !holds && !r.empty()
		chosen := holds && a.odds.choose(r, c)
		switch {
		case chosen:
			zero = r.zero()
			addr = r.pop(live|fit.Code(), fit.Code())
		case holds:
			zero = r.zero()
			addr = r.take(fit.Code())
		case twice:
			addr = r.drop()
		}
		h.letGo(id)
		if holds || twice {
			a.stow(c, hand)
			if twice {
				panic(freedTwiceAtOnce(op, addr, c))
			}
			if chosen {
				if at := a.chosenBlock(addr, c, size, kindFor(op, heapprof.Small)); at != 0 {
					return at, true, nil
				}
			}
			return addr, zero, nil
		}
		if hand, err = a.fullMagazine(c, hand); err != nil {
			return 0, false, err
		}
	}
}

// fullMagazine returns a magazine of class c with blocks; an empty one in hand
// is given for it, or filled.
func (a *Allocator) fullMagazine(c sizeclass.Class, hand uintptr) (uintptr, error) {
	m, err := a.depots[c].takeFull(c, hand)
	if err == nil && magazineAt(m).n == 0 {
		hand = m
		err = a.addSpan(c, m)
	}
	if err != nil {
		a.stow(c, hand)
		return 0, err
	}
	if a.options.Hardening.RandomOrder {
		shuffle(m)
	}
	return m, nil
}

// stow puts the magazine in hand, if there is one, into the depot.
func (a *Allocator) stow(c sizeclass.Class, hand uintptr) {
	if hand != 0 {
		a.release(c, a.depots[c].put(c, hand))
		a.wake()
	}
}

// allocLarge returns a large object, zeroed if that is wanted, and whether it is
// known to be: one parked in h's cache, or one of the large heap's.
func (a *Allocator) allocLarge(h holder, op string, size uintptr, wanted bool) (addr uintptr, zero bool, err error) {
	addr, chosen := a.unpark(h, op, size)
	switch {
	case addr == 0:
		if addr, zero, err = a.mapLarge(size, 1, wanted); err != nil {
			return 0, false, err
		}
	case wanted:
		clear(raw.Bytes(addr, size))
		zero = true
	}
	if chosen {
		a.chosenLarge(addr, size, kindFor(op, heapprof.Large))
	}
	return addr, zero, nil
}

// mapLarge returns a large object of the large heap's, as allocLarge does.
func (a *Allocator) mapLarge(size, align uintptr, wanted bool) (addr uintptr, zero bool, err error) {
	a.init()
	addr, zero, err = a.large.AllocFresh(size, align)
	if err == nil && wanted && !zero {
		clear(raw.Bytes(addr, size))
		zero = true
	}
	return addr, zero, err
}
