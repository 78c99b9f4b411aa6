// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"io"
	"runtime"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/goroutine"
	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/smallheap"
	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// The slow paths record a trace at their beginning. While a trace is recorded, the sampler
// samples every small block, so the slow path hands out each of them. The code here marks each
// block as traced, so the slow path also takes it back. The fast paths contain no code for
// traces.
//
// An event gets its position in the order of events while the caller owns the block: after the
// Allocator hands out the block, and before the Allocator takes it back.

// startTrace starts recording a trace to w.
func (a *Allocator) startTrace(w io.Writer, o TraceOptions) error {
	const op = "Trace.Start"
	a.tracing.Lock()
	defer a.tracing.Unlock()
	switch {
	case a.gate.closed.Load():
		return &Error{Op: op, Err: ErrClosed}
	case a.recorder.Load() != nil:
		return &Error{Op: op, Err: ErrTracing}
	}
	r, err := heaptrace.NewRecorder(w, heaptrace.Header{Deflate: true}, runtime.GOMAXPROCS(0), o.Drop)
	if err != nil {
		return err
	}
	a.recorder.Store(r)
	a.setSampler()
	return nil
}

// stopTrace ends the recording. It does nothing if no trace is being recorded.
func (a *Allocator) stopTrace() error {
	a.tracing.Lock()
	r := a.recorder.Swap(nil)
	a.tracing.Unlock()
	if r == nil {
		return nil
	}
	a.setSampler()
	a.rearm()
	return r.Close()
}

// record adds an event to the trace. It reports whether the event was added: it returns false
// if the trace has ended, or if the trace drops the event.
func (a *Allocator) record(e heaptrace.Event) bool {
	r := a.recorder.Load()
	if r == nil {
		return false
	}
	id := percpu.Pin()
	percpu.Unpin(id) // the id only spreads the load, so it may be out of date
	e.Goroutine = uint64(goroutine.ID())
	return r.Add(id, e)
}

// recordNew records the event e that handed out the block at addr. It marks the block as
// traced if the trace accepts the event.
func (a *Allocator) recordNew(addr uintptr, e heaptrace.Event) {
	e.Addr = uint64(addr)
	if !a.record(e) {
		return
	}
	a.mark(addr, smallheap.Traced)
}

// isTraced reports whether the block or object at addr may be in a trace. It may be if it is
// live and undamaged, and is large, guarded, traced or profiled.
func (a *Allocator) isTraced(addr uintptr) bool {
	r := resolve(addr, a.id)
	switch r.kind {
	case kindSmall:
		return !smallheap.IsPlain(r.was)
	case kindLarge:
		if a.large.Claim(r.object(), addr, largeheap.Resizing) != nil {
			return false
		}
		a.large.Unclaim(r.object())
		return true
	}
	return r.kind == kindGuarded
}

// recordFree records that the caller is about to free the block or object at addr. It records
// nothing if the block or object cannot be in the trace.
func (a *Allocator) recordFree(addr uintptr) {
	if a.recorder.Load() != nil && a.backend.traced(addr) {
		a.record(heaptrace.Event{Op: heaptrace.Free, Addr: uint64(addr)})
	}
}

// recordResize calls resize and records what resize does. For a block that may be in the
// trace, it records a Lift event before the call and a Realloc event after it, with the address
// that the block has then. For any other block, it records a new block after the call.
func (a *Allocator) recordResize(h holder, op operation, p unsafe.Pointer, kept, size int) (unsafe.Pointer, error) {
	addr := raw.Addr(p)
	lifted := p != nil && size > 0 && kept >= 0 && a.backend.traced(addr) &&
		a.record(heaptrace.Event{Op: heaptrace.Lift, Addr: uint64(addr)})
	q, err := a.resize(h, op, p, kept, size)
	switch {
	case lifted && err != nil: // the block is unchanged; the trace gets its usable size
		a.recordNew(addr, heaptrace.Event{Op: heaptrace.Realloc, Size: int64(UsableSize(p))})
	case lifted:
		a.recordNew(raw.Addr(q), heaptrace.Event{Op: heaptrace.Realloc, Size: int64(size)})
	case q != nil && kept < size:
		a.recordNew(raw.Addr(q), opCalloc.event(size, 1))
	case q != nil:
		a.recordNew(raw.Addr(q), opMalloc.event(size, 1))
	}
	return q, err
}
