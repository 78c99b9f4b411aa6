package alloc

import (
	"math/rand/v2"
	"runtime"
	"sync"

	"github.com/ashlar-go/ashlar/internal/callstack"
	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/sizeclass"
)

// This is where blocks are sent that the fast paths leave alone: chosen ones after
// they were handed out, special ones before they are taken back. Both come without
// anything pinned or locked.

// chosenBlock makes of a chosen block, just handed out in state st, what it is
// chosen for: a sample of the heap profile. It becomes special if that is kept.
func (a *Allocator) chosenBlock(addr uintptr, st *state, c sizeclass.Class) {
	size := uintptr(c.Size())
	if a.checked != nil { // which chooses all
		*st |= special
		if u := rand.Float64(); u*float64(a.rate.Load()) >= float64(size) || u >= a.probability(size) {
			return // mostly by the first test: 1 − exp(−x) ≤ x
		}
	}
	if p := a.probability(size); p > 0 && a.sample(heapprof.Sample{Addr: addr, Size: size, Weight: 1 / p}) {
		*st |= special
	}
}

// freeSpecial ends what makes the live block at addr special. It reports false if
// another goroutine has done so: then that one is freeing the block.
func (a *Allocator) freeSpecial(addr uintptr) bool { return a.profile.Remove(addr) || a.checked != nil }

// chosenLarge does for a large object what chosenBlock does for a small block; the
// mark of the object stands for the state bit.
func (a *Allocator) chosenLarge(addr, size uintptr, kind heapprof.Kind) {
	p := a.probability(size)
	if p > 0 && a.sample(heapprof.Sample{Addr: addr, Size: size, Kind: kind, Weight: 1 / p}) {
		pagemap.Mark(addr, true)
	}
}

// freeLargeSpecial is freeSpecial for a large object, which it unmarks.
func (a *Allocator) freeLargeSpecial(addr uintptr) bool {
	ok := a.profile.Remove(addr)
	if ok {
		pagemap.Mark(addr, false)
	}
	return ok
}

// sample keeps a sample with its stack, if there is room. One that was met lately is
// known by its key, and need not be unwound.
func (a *Allocator) sample(s heapprof.Sample) bool {
	s.Stack = callstack.Key()
	if kept, known := a.profile.AddKnown(s); known {
		return kept
	}
	pcs := traces.Get().(*trace)
	defer traces.Put(pcs)
	return a.profile.Add(s, pcs[:runtime.Callers(3, pcs[:])])
}

// stack returns the stack of the caller's callers, 0 if there is no room for it.
func (a *Allocator) stack() heapprof.Stack {
	key := callstack.Key()
	if s := a.profile.Known(key); s != 0 {
		return s
	}
	pcs := traces.Get().(*trace)
	defer traces.Put(pcs)
	return a.profile.Stack(key, pcs[:runtime.Callers(2, pcs[:])])
}

// traces are arrays to take stacks into: on the goroutine's own they would not stay.
var traces = sync.Pool{New: func() any { return new(trace) }}

type trace [heapprof.Depth]uintptr
