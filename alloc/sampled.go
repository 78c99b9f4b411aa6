// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime"
	"sync"

	"github.com/ashlar-go/ashlar/internal/callstack"
	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/proflabel"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// Malloc's slow path calls the functions in this file for each sampled block, after it hands
// out the block. The goroutine is not pinned and holds no lock at that time.

// sampledBlock handles a sampled block that was just handed out for a request of size bytes.
// The sampler decides what happens to the block: sampledBlock records it in the heap profile,
// or makes it the shadow of a guarded block, or does both. It returns the address of the
// guarded block. It returns 0 if the caller of Malloc gets the sampled block itself.
func (a *Allocator) sampledBlock(addr uintptr, c sizeclass.Class, size int, kind heapprof.Kind) uintptr {
	bytes := uintptr(c.Size())
	p, profiled, guarded := a.sampler.purpose(c)
	if profiled && a.sample(heapprof.Sample{Addr: addr, Size: bytes, Kind: kind, Weight: 1 / p, Labels: proflabel.Current()}) {
		a.mark(addr, smallheap.Profiled)
	}
	if !guarded {
		return 0
	}
	return a.guard(addr, uintptr(size))
}

// mark sets the state of the live block at addr to cause, which is Traced or Profiled. Free
// then takes the slow path for this block. mark does nothing if the block already has a cause.
//
// mark also does nothing if the Allocator is being closed, because the memory of the block's
// state may be unmapped by then. Close waits for pinned goroutines, so the state stays mapped
// while mark has the goroutine pinned.
func (a *Allocator) mark(addr uintptr, cause smallheap.State) {
	id := percpu.Pin()
	if !a.gate.closed.Load() {
		if r := resolve(addr, a.id); r.kind == kindSmall && smallheap.IsPlain(r.was) {
			smallheap.Change(r.state, r.was, cause|r.was&smallheap.CodeMask)
		}
	}
	percpu.Unpin(id)
}

// sampledLarge records a sampled large object in the heap profile, as sampledBlock does for a
// small block. It sets the object's mark, which has the role of a small block's cause.
func (a *Allocator) sampledLarge(addr, size uintptr, kind heapprof.Kind) {
	p := a.largeProbability(size)
	if p > 0 && a.sample(heapprof.Sample{Addr: addr, Size: size, Kind: kind, Weight: 1 / p, Labels: proflabel.Current()}) {
		// An incorrect program may have freed the object already, through a stale pointer to an
		// earlier object at the same address.
		if r := resolve(addr, a.id); r.kind == kindLarge {
			r.object().Mark(true)
		}
	}
}

// unprofile removes the record of the large object d at addr from the heap profile, if there is
// one. The caller has claimed the object.
func (a *Allocator) unprofile(d largeheap.Descriptor, addr uintptr) {
	if d.Marked() {
		a.profile.Remove(addr)
		d.Mark(false)
	}
}

// sample adds s and its call stack to the heap profile. It reports whether the profile had room
// for the sample. If the profile knows the stack's key from a recent sample, sample does not
// unwind the stack.
func (a *Allocator) sample(s heapprof.Sample) bool {
	s.Stack = callstack.Key()
	if kept, known := a.profile.AddKnown(s); known {
		return kept
	}
	pcs := traces.Get().(*trace)
	defer traces.Put(pcs)
	return a.profile.Add(s, pcs[:runtime.Callers(3, pcs[:])])
}

// stack returns the call stack, beginning at the function that called stack. It returns 0 if the
// profile has no room for the call stack.
func (a *Allocator) stack() heapprof.Stack {
	key := callstack.Key()
	if s := a.profile.Known(key); s != 0 {
		return s
	}
	pcs := traces.Get().(*trace)
	defer traces.Put(pcs)
	return a.profile.Stack(key, pcs[:runtime.Callers(2, pcs[:])])
}

// traces is a pool of arrays for call stacks. The compiler would move an array on the
// goroutine's stack to the Go heap.
var traces = sync.Pool{New: func() any { return new(trace) }}

type trace [heapprof.Depth]uintptr
