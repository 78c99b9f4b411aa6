// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Team runs one workload over one peer in several goroutines.
type Team struct {
	open       func() Handle
	scale      float64
	workers    []*worker
	live, peak atomic.Int64 // requested bytes that are live: now, and the peak
	corruption atomic.Pointer[Corruption]
	began      time.Time
}

// A Setup describes one run of a workload.
type Setup struct {
	Open       func() Handle // makes a handle for one goroutine; the handles of a peer share its blocks
	Arena      func() Arena  // makes an arena for one goroutine; nil if the peer has only Malloc and Release
	Goroutines int
	Scale      float64 // multiplies the number of rounds
	Ready      func()  // is called once, after all other memory is there and before the first handle or arena is opened; may be nil
}

// A Result is what one run of a workload took.
type Result struct {
	Operations int
	Elapsed    time.Duration
	PeakLive   int64 // peak of the live requested bytes; up to 64 KiB for each goroutine may be missing
}

// Run runs the workload. Its only error is a *Corruption. The result means nothing then.
func (load *Workload) Run(s Setup) (Result, error) {
	t := &Team{open: s.Open, scale: s.Scale}
	for i := range s.Goroutines {
		t.workers = append(t.workers, &worker{team: t, index: i, random: newRandom(i), tag: byte(i * 31)})
	}
	run, equip := load.prepare(t), load.equipment(s)
	if s.Ready != nil {
		s.Ready()
	}
	for _, w := range t.workers {
		equip(w)
	}
	t.start()
	run()
	result := Result{Elapsed: time.Since(t.began)}
	for _, w := range t.workers {
		w.settle()
		result.Operations += w.ops
		load.dismiss(w)
	}
	result.PeakLive = t.peak.Load()
	if found := t.corruption.Load(); found != nil {
		return result, found
	}
	return result, nil
}

// equipment makes room for notes, and returns the function that opens a worker's handle or arena.
func (load *Workload) equipment(s Setup) (equip func(w *worker)) {
	switch {
	case !load.InArenas:
		return func(w *worker) { w.handle = s.Open() }
	case s.Arena != nil:
		return func(w *worker) { w.arena = s.Arena() }
	}
	notes := make([][]block, s.Goroutines)
	for i := range notes {
		notes[i] = newSlots(load.MaxLive)
	}
	return func(w *worker) { w.arena = &blocks{handle: s.Open(), live: notes[w.index][:0]} }
}

func (load *Workload) dismiss(w *worker) {
	if load.InArenas {
		w.arena.Close()
		return
	}
	w.handle.Close()
}

// start sets the clock and the operations to zero. What happened before is not measured.
func (t *Team) start() {
	for _, w := range t.workers {
		w.ops = 0
	}
	t.began = time.Now()
}

// each runs f for every worker, in a goroutine of its own, and waits for all of them.
func (t *Team) each(f func(w *worker)) {
	var done sync.WaitGroup
	for _, w := range t.workers {
		done.Go(func() { f(w) })
	}
	done.Wait()
}

// rounds scales a number. The result is at least 1.
func (t *Team) rounds(n int) int { return scaled(n, t.scale) }

// part scales one goroutine's part of a number. The result is at least 1.
func (t *Team) part(n int) int { return partOf(n, len(t.workers), t.scale) }

func partOf(n, goroutines int, scale float64) int { return scaled(n/goroutines, scale) }

func scaled(n int, scale float64) int { return max(int(float64(n)*scale), 1) }

func (t *Team) addLive(n int) {
	live := t.live.Add(int64(n))
	for peak := t.peak.Load(); live > peak && !t.peak.CompareAndSwap(peak, live); peak = t.peak.Load() {
	}
}

// corrupted notes the first corruption. The run goes on, because other goroutines wait for this one.
func (t *Team) corrupted(c *Corruption) { t.corruption.CompareAndSwap(nil, c) }
