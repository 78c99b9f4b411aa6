// SPDX-License-Identifier: Apache-2.0

package alloc

import "io"

// A Trace records the operations of an Allocator: each with its goroutine, size, alignment,
// address, time, and its place in the order of all. Package stats/heaptrace reads what is
// written, and the harness in benchmarks replays it.
type Trace struct{ a *Allocator }

// Trace returns the handle by which operations are recorded.
func (a *Allocator) Trace() Trace { return Trace{a} }

// TraceOptions choose how a trace is recorded. The zero value is the default.
type TraceOptions struct {
	// Drop makes operations go on when they come faster than the trace can be written.
	// They are missing in the trace then; it says how many. By default operations wait,
	// and the trace is complete.
	Drop bool
}

// Start records all operations from now on, and writes them to w, compressed, in the
// format of package stats/heaptrace, until Stop or Close.
//
// An operation takes some 200 ns more then. The memory for what is not written yet is
// 144 KiB for each processor, and 1 MiB. A goroutine of the trace writes to w, never one
// that allocates; w must not use this Allocator, which may be waiting for it. If w refuses
// something, recording ends, and Stop returns the error. A process that ends without Stop
// leaves a file that can be read as far as it goes.
//
// Start can be called at any time, and briefly stops the world. Of what was allocated
// before, the trace has the frees of large objects and of some blocks. A Local that has
// been used before goes on unrecorded for up to 4096 blocks of each class. Blocks that the
// trace knows are freed by the slow path, even after Stop.
//
// The error wraps ErrTracing if a trace is being recorded, or ErrClosed, or is w's.
func (t Trace) Start(w io.Writer, o TraceOptions) error {
	t.a.init()
	if err := t.a.startTrace(w, o); err != nil {
		return err
	}
	t.a.rearm()
	return nil
}

// Stop ends recording. What was recorded is written when it returns. The error is that of
// w. Without a trace Stop does nothing.
func (t Trace) Stop() error { return t.a.stopTrace() }
