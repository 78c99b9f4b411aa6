// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package alloc

import (
	"bytes"
	"fmt"

	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// traceScenes record a trace. In every order it must be one that a program can have: no block is
// handed out while it is live, and only live blocks are freed.
var traceScenes = []scene{
	{"recorded Free beside Malloc", false, still, traced(freeBesideMalloc(1000))},
	{"recorded Free beside Malloc on one processor", true, still, traced(freeBesideMalloc(1000))},
	{"recorded Free beside Malloc, large", true, still, traced(freeBesideMalloc(200_000))},
	{"recorded Malloc beside Trim", false, still, traced(mallocBeside(1000, func(a *Allocator) { a.Trim() }))},
	{"recorded Malloc beside the trace's end", false, still, traced(mallocBeside(1000, endTrace))},
	{"recorded Malloc of large objects beside the trace's end", false, still, traced(mallocBeside(200_000, endTrace))},
	{"recorded Malloc beside another trace", false, still, traced(mallocBeside(1000, func(a *Allocator) {
		endTrace(a)
		if err := a.Trace().Start(new(bytes.Buffer), TraceOptions{}); err != nil {
			panic(err)
		}
	}))},
	{"two ends of a trace", false, still, traced(func(w *world, a *Allocator) []func() {
		end := func() { endTrace(a) }
		return []func(){end, end}
	})},
	{"recorded Realloc beside Malloc", true, still, traced(func(w *world, a *Allocator) []func() {
		b := w.get(a, 1000)
		return []func(){func() {
			p, err := a.Realloc(b.p, 3000)
			if err != nil {
				w.fail("Realloc: %v", err)
			}
			a.Free(p)
		}, func() { w.put(a, w.get(a, 1000)) }}
	})},
}

func endTrace(a *Allocator) {
	if err := a.Trace().Stop(); err != nil {
		panic(err)
	}
}

// traced records the threads of begin in a trace, from before begin.
func traced(begin func(*world, *Allocator) []func()) func(*world, *Allocator) []func() {
	return func(w *world, a *Allocator) []func() {
		var trace bytes.Buffer
		if err := a.Trace().Start(&trace, TraceOptions{}); err != nil {
			panic(err)
		}
		threads := begin(w, a)
		w.checks = append(w.checks, func() error {
			endTrace(a)
			return possible(trace.Bytes())
		})
		return threads
	}
}

// possible returns an error if no program can have the trace.
func possible(trace []byte) error {
	r, err := heaptrace.NewReader(bytes.NewReader(trace))
	if err != nil {
		return err
	}
	var live heaptrace.Live
	for e, err := range r.Events() {
		if err != nil {
			return fmt.Errorf("trace: %w", err)
		}
		if err := live.Follow(&e); err != nil {
			return fmt.Errorf("trace: %w", err)
		}
	}
	if live.Unknown > 0 {
		return fmt.Errorf("trace: %d blocks were freed that were never allocated", live.Unknown)
	}
	return nil
}
