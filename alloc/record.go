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

// A trace is recorded where the slow paths begin. While it is, all small blocks are
// sampled ones, so that each is handed out by the slow path, and becomes traced here, so
// that it is taken back by the slow path. The fast paths know nothing of it.
//
// An event's place in the order is drawn when the block is the caller's: after it was
// handed out, before it is taken back.

// startTrace begins to record.
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

// stopTrace ends recording.
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

// record adds an event to the trace. It reports false if that has ended, or drops it.
func (a *Allocator) record(e heaptrace.Event) bool {
	r := a.recorder.Load()
	if r == nil {
		return false
	}
	id := percpu.Pin()
	percpu.Unpin(id) // it is only to spread the load
	e.Goroutine = uint64(goroutine.ID())
	return r.Add(id, e)
}

// recordNew records how the block at addr was handed out; so it becomes traced.
func (a *Allocator) recordNew(addr uintptr, e heaptrace.Event) {
	e.Addr = uint64(addr)
	if !a.record(e) {
		return
	}
	a.mark(addr, smallheap.Traced)
}

// isTraced reports whether a trace may know what is at addr: it is live and undamaged, and
// large, guarded, traced or profiled.
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

// recordFree records that the object at addr is about to be freed, if the trace knows it.
func (a *Allocator) recordFree(addr uintptr) {
	if a.recorder.Load() != nil && a.backend.traced(addr) {
		a.record(heaptrace.Event{Op: heaptrace.Free, Addr: uint64(addr)})
	}
}

// recordResize is resize, recorded: an object that the trace knows is lifted before and
// set down after, wherever it is then. Others begin to be known.
func (a *Allocator) recordResize(h holder, op operation, p unsafe.Pointer, kept, size int) (unsafe.Pointer, error) {
	addr := raw.Addr(p)
	lifted := p != nil && size > 0 && kept >= 0 && a.backend.traced(addr) &&
		a.record(heaptrace.Event{Op: heaptrace.Lift, Addr: uint64(addr)})
	q, err := a.resize(h, op, p, kept, size)
	switch {
	case lifted && err != nil: // it is as it was, to its usable size
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
