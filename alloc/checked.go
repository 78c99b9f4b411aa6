// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math"
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/addrmap"
	onfault "github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A checker detects misuse of the blocks of one Allocator (Options.Checked). Each checked block
// lies inside an inner block, which the allocator allocates in the usual way:
//
//	inner                block (Addr)               Addr + size
//	▼                    ▼                          ▼
//	┌──────────┬─────────┬──────────────────────────┬──────────┬───────┐
//	│          │ redzone │ size bytes               │ redzone  │       │
//	└──────────┴─────────┴──────────────────────────┴──────────┴───────┘
//	           ≤ zoneMax                            ≥ zoneMin, ≤ zoneMax
//
//	Addr − inner = the requested alignment, at least zoneMin
//
// The fast paths contain no code for checked blocks. The sampler of a checked Allocator samples
// every block (sampler.go), so every allocation reaches the checker. The fast path of Free
// accepts none of the blocks, so every free reaches the checker too.
//
//	live ─► freed: poisoned or inaccessible, in the quarantine ─► the allocator's again
//	     free                                          the oldest first, looked at once more
//
// A function of the checker holds mu while it reads or writes the memory of a block. Close
// waits for mu.
type checker struct {
	unchecked              // allocates and frees the inner blocks
	removeDescriber func() // unregisters describe from package fault

	// mu guards the fields below. While the checker holds mu, it locks only one other mutex:
	// the mutex of the large heap.
	mu               interleave.Mutex
	blocks           addrmap.Map[checkedBlock]
	oldest, youngest uintptr // blocks in quarantine; 0: none
	held             int64   // bytes of the inner blocks in quarantine
	live             int64   // bytes of the inner blocks of live blocks
	tally            checkedCounts
	closed           bool
}

// A checkedBlock is the checker's record of a block that is live or in quarantine.
type checkedBlock struct {
	addrmap.Entry
	size             uintptr        // requested, in bytes
	younger          uintptr        // the block freed next after this one, in the quarantine
	allocated, freed heapprof.Stack // the call stacks that allocated and freed the block
	after            uint16         // bytes of the redzone after the block
	shift            uint8          // the inner block begins 1<<shift bytes before the block
	class            sizeclass.Class
	state            checkedState
}

// classLarge is the class of a block whose inner block is a large object.
const classLarge = sizeclass.Class(sizeclass.Count)

// A checkedState is the state of a block.
type checkedState uint8

const (
	checkedLive checkedState = iota
	poisoned                 // in quarantine, filled with freedPattern
	fenced                   // in quarantine, whole pages inaccessible, rest filled
	fencedApart              // as fenced, and the mapping is split (vm.Space.Guard)
)

// checkedCounts count the blocks of each class and the large objects.
//
//	Σ quarantinedBytes = held
type checkedCounts [sizeclass.Count + 1]struct {
	live, requested               int64 // live blocks, and the sum of their requested sizes in bytes
	quarantined, quarantinedBytes int64 // inner blocks, their bytes
}

const (
	zoneMin = minAlign
	zoneMax = patternPeriod

	// The limits of the quarantine if Options.Quarantine is 0. All blocks together: at most
	// maxQuarantine bytes. Small blocks: at most 1/quarantineShare of the live bytes, or
	// minQuarantine bytes if that is more.
	maxQuarantine   = 16 << 20
	minQuarantine   = 512 << 10
	quarantineShare = 8 // small blocks: divisor of the live bytes
)

func checkedAt(at uintptr) *checkedBlock { return raw.At[checkedBlock](at) }

// checkers lists the checkers of all Allocators. UsableSize needs the list because it has no
// Allocator argument. Writers replace the slice and never modify it.
var checkers registry

type registry struct {
	mu  interleave.Mutex           // held to replace the slice
	all atomic.Pointer[[]*checker] // nil: none
}

// change replaces the slice with the result of f.
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

// close removes the records of all blocks and returns the damage that it finds in the blocks.
// Close releases the memory of the blocks afterwards.
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

// malloc returns a block of size bytes at a multiple of align. If needZero is set, the block is
// zeroed.
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
	if k.closed { // Close releases the inner block
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

// enter records a block and marks its redzones. It returns nil if there is no memory for the
// record. The caller holds mu.
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
	b.after = uint16(min(usable-front-size, zoneMax))
	b.markZones()
	n := &k.tally[b.class]
	n.live++
	n.requested += int64(size)
	k.live += b.whole()
	return b
}

// inner returns the address of the inner block.
func (b *checkedBlock) inner() uintptr { return b.Addr - 1<<b.shift }

// whole returns the size of the inner block in bytes. For a large object the size includes the
// header and the rounding.
func (b *checkedBlock) whole() int64 {
	if b.class == classLarge {
		return int64(largeheap.Descriptor(pagemap.Get(b.inner())).Describe().Total)
	}
	return int64(b.class.Size())
}

// owner returns noOwner, because only the checker frees inner blocks.
func (k *checker) owner(uintptr) uintptr { return noOwner }

func (k *checker) samplesAll() bool { return true }

func (k *checker) counts() *checkedCounts {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.tally
	return &n
}

// find returns the live block at addr. If there is none, it returns nil and an error that
// describes the misuse. The caller holds mu.
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

// intact returns the live block at addr, as find does, and checks the memory around the block.
// If that memory is damaged, intact returns an error. It repairs the redzones that it reports, so
// that it reports their damage once. The caller holds mu.
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

// usable returns the size of the live block at addr in bytes.
func (k *checker) usable(op operation, addr uintptr) uintptr {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, err := k.intact(op, addr)
	if err != nil {
		panic(err)
	}
	return b.size
}

// checkerOf returns the checker that owns the address of r, or nil if no checker does.
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

// owns reports whether the address of r belongs to the checker. It does if it lies in a span of
// the checker's Allocator, in the first page of a large object, or if a block of the checker
// begins there. In that page the memory in front of the object can be the end of another
// Allocator's block.
func (k *checker) owns(r *resident) bool {
	if r.d != 0 && r.header().Owner == atomic.LoadUintptr(&k.a.id) && !r.isBeforeLarge() {
		return true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.blocks.Find(r.addr) != 0
}
