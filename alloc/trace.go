// SPDX-License-Identifier: Apache-2.0

package alloc

import "io"

// A Trace records the operations of an Allocator, each with its goroutine, size, alignment,
// address, time and position in the total order. Package stats/heaptrace reads the recorded
// file, and the harness in benchmarks replays it.
type Trace struct{ a *Allocator }

// Trace returns the handle that starts and stops recording.
func (a *Allocator) Trace() Trace { return Trace{a} }

// TraceOptions choose how a trace is recorded. The zero value is the default.
type TraceOptions struct {
	// Drop makes operations continue when they are faster than the trace can be written. The
	// default is false: operations wait, and the trace is complete. Otherwise the trace lacks
	// operations and contains their number.
	Drop bool
}

// Start records all operations until Stop or Close. It writes them to w, compressed, in the
// format of package stats/heaptrace. The error wraps ErrTracing if a trace is being recorded,
// or ErrClosed, or is an error of w.
//
// While a trace is recorded, an operation takes some 200 ns more. Unwritten records need 1
// MiB, and 144 KiB for each processor. A goroutine of the trace writes to w. w must not use
// this Allocator: it would deadlock, because the Allocator may be waiting for w. If w fails,
// recording ends and Stop returns the error. A process that ends without Stop leaves a file
// that is readable up to its last complete part.
//
// Start may be called at any time, and briefly stops the world. Of the blocks allocated
// earlier, the trace contains the frees of large objects and of some small blocks. A Local
// that has been used earlier stays unrecorded for up to 4096 blocks of each class. Blocks in
// the trace are freed by the slow path, even after Stop.
func (t Trace) Start(w io.Writer, o TraceOptions) error {
	t.a.init()
	if err := t.a.startTrace(w, o); err != nil {
		return err
	}
	t.a.rearm()
	return nil
}

// Stop ends recording. When it returns, all records are written. The error is that of w. If no
// trace is being recorded, Stop does nothing.
func (t Trace) Stop() error { return t.a.stopTrace() }
