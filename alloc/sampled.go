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

// The slow path of Malloc brings sampled blocks here after they were handed out. Nothing is
// pinned or locked then.

// sampledBlock uses a sampled block, just handed out for a request of size bytes, for what
// it is sampled for. It is recorded in the heap profile; or it becomes the shadow of a
// guarded block, whose address is returned then; or both. 0 means that the caller gets the
// block itself.
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

// mark gives the live block at addr a cause for Free's slow path, Traced or Profiled, unless
// it has one or the Allocator is being closed: then the block's state may have gone. Close
// waits for pinned goroutines.
func (a *Allocator) mark(addr uintptr, cause smallheap.State) {
	id := percpu.Pin()
	if !a.gate.closed.Load() {
		if r := resolve(addr, a.id); r.kind == kindSmall && smallheap.IsPlain(r.was) {
			smallheap.Change(r.state, r.was, cause|r.was&smallheap.CodeMask)
		}
	}
	percpu.Unpin(id)
}

// sampledLarge does for a large object what sampledBlock does for a small block; the
// mark of the object stands for the state bit.
func (a *Allocator) sampledLarge(addr, size uintptr, kind heapprof.Kind) {
	p := a.largeProbability(size)
	if p > 0 && a.sample(heapprof.Sample{Addr: addr, Size: size, Kind: kind, Weight: 1 / p, Labels: proflabel.Current()}) {
		// The program may have freed it already, by an address that was another object's.
		if r := resolve(addr, a.id); r.kind == kindLarge {
			r.object().Mark(true)
		}
	}
}

// unprofile takes the record of the claimed large object d, at addr, out of the profile, if
// there is one.
func (a *Allocator) unprofile(d largeheap.Descriptor, addr uintptr) {
	if d.Marked() {
		a.profile.Remove(addr)
		d.Mark(false)
	}
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
