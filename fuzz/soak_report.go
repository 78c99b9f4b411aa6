// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"runtime/pprof"
	"time"
)

// tell prints progress reports until done is closed. It ends the process if no operation
// ends for a long time. It counts ticks, not time: while the process is stopped there are none.
func (s *soaking) tell(done <-chan struct{}) {
	ticker := time.NewTicker(stallTick)
	defer ticker.Stop()
	last, stalled, told := int64(-1), 0, time.Now()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		ops := s.tally.ops.Load()
		if ops != last {
			last, stalled = ops, 0
		} else if stalled++; stalled >= stallTicks {
			fmt.Fprintf(os.Stderr, "\nVIOLATION: no operation ended in %v\n\n\t%v\n\n", stallTicks*stallTick, s.soakConfig)
			_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
			os.Exit(1)
		}
		if s.progress > 0 && time.Since(told) >= s.progress {
			told = time.Now()
			elapsed := time.Since(s.begun)
			fmt.Fprintf(s.out, "%8v  %d operations (%.2f M/s), %d verified, %d refused, %d audits\n",
				elapsed.Round(time.Second), ops, float64(ops)/elapsed.Seconds()/1e6,
				s.tally.verified.Load(), s.tally.refused.Load(), s.tally.audits.Load())
		}
	}
}

// summary prints the totals of the soak.
func (s *soaking) summary() {
	t, elapsed := &s.tally, time.Since(s.begun)
	fmt.Fprintf(s.out, "\nseed %d, profile %s, %d workers, %v\n", s.seed, s.load.name, s.workers, elapsed.Round(time.Millisecond))
	for _, line := range []struct {
		what string
		n    int64
	}{
		{"operations", t.ops.Load()},
		{"  allocations", t.allocs.Load()},
		{"  frees", t.frees.Load()},
		{"  resizes", t.resizes.Load()},
		{"  of these in bursts and batches", t.inBursts.Load()},
		{"blocks sent to another worker", t.sent.Load()},
		{"blocks verified", t.verified.Load()},
		{"bytes written and verified", t.bytes.Load()},
		{"requests refused", t.refused.Load()},
		{"kernel calls that failed", t.faults.Load()},
		{"changes of GOMAXPROCS", t.moves.Load()},
		{"collections", t.collections.Load()},
		{"trims", t.trims.Load()},
		{"limits", t.limits.Load()},
		{"audits of everything", t.audits.Load()},
		{"Allocators opened and closed", int64(s.opened)},
		{"Allocators closed while in use", t.doomed.Load()},
		{"uses in a bubble of testing/synctest", t.bubbles.Load()},
		{"arena files written and read", t.files.Load()},
		{"processes started", t.children.Load()},
		{"highest footprint, bytes", s.peak},
	} {
		fmt.Fprintf(s.out, "%16d  %s\n", line.n, line.what)
	}
	if s.bad == nil {
		fmt.Fprintln(s.out, "no violations")
	}
}
