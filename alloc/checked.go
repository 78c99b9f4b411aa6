// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/addrmap"
	onfault "github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A checker makes of an Allocator one that looks after how its blocks are used
// (Options.Checked). A block lies inside one that the allocator hands out as ever, the
// inner block:
//
//	inner                block (Addr)               Addr + size
//	▼                    ▼                          ▼
//	┌──────────┬─────────┬──────────────────────────┬──────────┬───────┐
//	│          │ redzone │ size bytes               │ redzone  │       │
//	└──────────┴─────────┴──────────────────────────┴──────────┴───────┘
//	           ≤ zoneMax                            ≥ zoneMin, ≤ zoneMax
//
//	Addr − inner = the alignment asked for, at least zoneMin
//
// What the fast paths do not know: in such an Allocator every block is a sampled one
// (sampler.go), so that all requests come here, and Free's fast path takes none back, so
// that no address of theirs can be freed but by way of here.
//
//	live ─► freed: poisoned or inaccessible, in the quarantine ─► the allocator's again
//	     free                                          the oldest first, looked at once more
//
// Whatever reads or writes a block's memory does so with mu held: Close waits for it.
type checker struct {
	unchecked              // what the memory of its blocks comes from
	removeDescriber func() // unregisters describe from package fault

	mu               sync.Mutex // guards what follows; of others the large heap's alone is taken with it
	blocks           addrmap.Map[checkedBlock]
	oldest, youngest uintptr // blocks in quarantine
	held             int64   // bytes of their inner blocks
	live             int64   // bytes of those of live blocks
	tally            checkedCounts
	closed           bool
}

// A checkedBlock is what is known of a block, live or in quarantine.
type checkedBlock struct {
	addrmap.Entry
	size             uintptr        // bytes asked for
	younger          uintptr        // in the quarantine
	allocated, freed heapprof.Stack // by whose calls
	behind           uint16         // bytes of the redzone behind it
	shift            uint8          // the inner block begins 1<<shift bytes before it
	class            sizeclass.Class
	state            checkedState
}

// classLarge is the class of a block whose inner block is a large object.
const classLarge = sizeclass.Class(sizeclass.Count)

// A checkedState says what a block is.
type checkedState uint8

const (
	checkedLive checkedState = iota
	poisoned                 // in quarantine, written over
	fenced                   // in quarantine, its whole pages inaccessible, the rest written over
	fencedApart              // the same, and that splits its mapping (vm.Space.Guard)
)

// checkedCounts tell for each class, and for large objects, what there is.
//
//	Σ quarantinedBytes = held
type checkedCounts [sizeclass.Count + 1]struct {
	live, requested               int64 // blocks, and bytes asked for in them
	quarantined, quarantinedBytes int64 // inner blocks, and all of their bytes
}

const (
	zoneMin = minAlign
	zoneMax = patternPeriod

	// What Options.Quarantine says of 0, in bytes: of all, and of small blocks.
	mostQuarantine  = 16 << 20
	leastQuarantine = 512 << 10
	quarantineShare = 8 // of the live bytes
)

func checkedAt(at uintptr) *checkedBlock { return raw.At[checkedBlock](at) }

// checkers are those of all Allocators, for UsableSize, which is told none. The slice
// is replaced, never changed.
var checkers registry

type registry struct {
	mu  sync.Mutex                 // taken to change it
	all atomic.Pointer[[]*checker] // nil: none
}

// change replaces the slice by what f makes of it.
func (r *registry) change(f func([]*checker) []*checker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*checker
	if now := r.all.Load(); now != nil {
		all = *now
	}
	if all = f(all); len(all) > 0 {
		r.all.Store(&all)
	} else {
		r.all.Store(nil)
	}
}

// newChecker returns the checker of a.
func newChecker(a *Allocator) *checker {
	k := &checker{unchecked: unchecked{a}}
	k.removeDescriber = onfault.Register(k.describe)
	checkers.change(func(all []*checker) []*checker { return append(slices.Clip(all), k) })
	return k
}

// close forgets all blocks, which Close is about to take back, and returns what was
// wrong with them.
func (k *checker) close() error {
	k.removeDescriber()
	checkers.change(func(all []*checker) []*checker {
		return slices.DeleteFunc(slices.Clone(all), func(other *checker) bool { return other == k })
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil
	}
	err := k.damaged(opClose)
	k.blocks.Each(func(at uintptr) { k.a.space.ForgetGuard(checkedAt(at).state == fencedApart) })
	k.blocks.Close()
	k.oldest, k.youngest, k.held, k.live, k.tally, k.closed = 0, 0, 0, 0, checkedCounts{}, true
	return err
}

// malloc returns a block of size bytes at a multiple of align, all zero if needZero is
// set.
func (k *checker) malloc(h holder, op operation, size, align int, needZero bool) (addr uintptr, zeroed bool, err error) {
	front := max(align, zoneMin)
	if size >= sizeclass.LargeMin {
		front = max(front, largeAlign)
	}
	if size > math.MaxInt-front-zoneMin {
		return 0, false, ErrOutOfMemory
	}
	inner, zeroed, err := k.unchecked.malloc(h, op, front+size+zoneMin, front, needZero)
	if err != nil {
		return 0, false, err
	}
	addr = inner + uintptr(front)
	stack := k.a.stack()
	k.mu.Lock()
	if k.closed { // and the inner block with everything
		k.mu.Unlock()
		return 0, false, ErrClosed
	}
	b := k.enter(addr, uintptr(size), uintptr(front), stack)
	if b != nil && needZero && !zeroed {
		raw.Clear(addr, b.size)
	} else if b != nil && !needZero && b.class != classLarge {
		fillWith(&freshPattern, addr, b.size)
	}
	k.mu.Unlock()
	if b == nil {
		k.unchecked.free(h, op, inner)
		return 0, false, ErrOutOfMemory
	}
	return addr, needZero, nil
}

// enter notes a block and marks its redzones. It returns nil if there is no memory to do
// so. The caller holds mu.
func (k *checker) enter(addr, size, front uintptr, stack heapprof.Stack) *checkedBlock {
	at := k.blocks.Add(addr)
	if at == 0 {
		return nil
	}
	b := checkedAt(at)
	*b = checkedBlock{Entry: b.Entry, size: size, allocated: stack, shift: uint8(bits.TrailingZeros(uint(front))), class: classLarge}
	d := pagemap.Get(b.inner())
	usable := uintptr(headerAt(d).Size)
	if h := headerAt(d); h.Kind == pagemap.Span {
		b.class = h.Class
	} else {
		usable = largeheap.Descriptor(d).Usable()
	}
	b.behind = uint16(min(usable-front-size, zoneMax))
	b.markZones()
	n := &k.tally[b.class]
	n.live++
	n.requested += int64(size)
	k.live += b.whole()
	return b
}

// inner returns the address of the inner block.
func (b *checkedBlock) inner() uintptr { return b.Addr - 1<<b.shift }

// whole returns the bytes of the inner block, with its header and rounding if it is a
// large object.
func (b *checkedBlock) whole() int64 {
	if b.class == classLarge {
		return int64(largeheap.Descriptor(pagemap.Get(b.inner())).Describe().Total)
	}
	return int64(b.class.Size())
}

// owner returns noOwner: no address of an inner block is freed but by the checker.
func (k *checker) owner(uintptr) uintptr { return noOwner }

func (k *checker) samplesAll() bool { return true }

func (k *checker) counts() *checkedCounts {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.tally
	return &n
}

// find returns the live block at addr, or nil and what is wrong with that. The caller
// holds mu.
func (k *checker) find(op operation, addr uintptr) (*checkedBlock, error) {
	at := k.blocks.Find(addr)
	if at == 0 || checkedAt(at).state != checkedLive {
		return nil, k.inspect(op, addr)
	}
	return checkedAt(at), nil
}

func (k *checker) traced(addr uintptr) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := k.blocks.Find(addr)
	return at != 0 && checkedAt(at).state == checkedLive
}

// intact is find for a block around which nothing was overwritten. What is reported is
// repaired, where that can be done, so that it is reported once. The caller holds mu.
func (k *checker) intact(op operation, addr uintptr) (*checkedBlock, error) {
	b, err := k.find(op, addr)
	if err != nil {
		return nil, err
	}
	if b.class == classLarge {
		if _, err := k.a.large.Usable(b.inner()); err != nil {
			return nil, b.misuse(DamagedHeader, op, addr, describeLarge(op, addr, err).Detail)
		}
	}
	if err := b.damage(op); err != nil {
		b.markZones()
		return nil, err
	}
	return b, nil
}

// usable returns the bytes of the live block at addr that may be used.
func (k *checker) usable(op operation, addr uintptr) uintptr {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, err := k.intact(op, addr)
	if err != nil {
		panic(err)
	}
	return b.size
}

// checkerOf returns the checker that looks after what is at an address; nil if none does.
func checkerOf(r *resident) *checker {
	all := checkers.all.Load()
	if all == nil {
		return nil
	}
	for _, k := range *all {
		if k.owns(r) {
			return k
		}
	}
	return nil
}

// owns reports whether an address is in the pages of small blocks of the checker's, or
// where one of its blocks begins.
func (k *checker) owns(r *resident) bool {
	if r.d != 0 && r.header().Owner == k.a.id {
		return true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.blocks.Find(r.addr) != 0
}
