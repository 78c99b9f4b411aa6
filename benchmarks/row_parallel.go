package main

import (
	"fmt"
	"runtime"
	"slices"
)

// The parallel rows run on this many processors, whatever the machine has.
const parallelProcs = 2

var (
	parallelSizes      = []int{64, 1 << 10}
	parallelGoroutines = []int{1, 2, 16}
	extraGoroutines    = []int{4, 8} // measured only if asked for
	parallelPeers      = kindsNamed(ashlarName, ashlarLocalName, lockedName, makeName, poolName)
)

// goroutineCounts are all numbers of goroutines, in ascending order.
var goroutineCounts = slices.Sorted(slices.Values(slices.Concat(parallelGoroutines, extraGoroutines)))

func parallelRow(goroutines, size int) string {
	return fmt.Sprintf("parallel/goroutines=%d/size=%d", goroutines, size)
}

// The rows derived from the parallel rows.
func speedupRow(size int) string { return fmt.Sprintf("parallel/size=%d/speedup-2", size) }
func lossRow(size int) string    { return fmt.Sprintf("parallel/size=%d/time-16-to-2", size) }

func parallelRows() []row {
	var rows []row
	for _, size := range parallelSizes {
		for _, goroutines := range goroutineCounts {
			rows = append(rows, row{
				name:    parallelRow(goroutines, size),
				extra:   slices.Contains(extraGoroutines, goroutines),
				seconds: timedSeconds(len(parallelPeers), true),
				run:     func(s *session) error { return s.measureParallel(goroutines, size) },
			})
		}
	}
	return rows
}

func (s *session) measureParallel(goroutines, size int) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(min(parallelProcs, runtime.NumCPU())))
	open := func(kind peerKind) workload { return newParallel(kind, size, goroutines) }
	subjects := timedSubjects(parallelPeers, 1, wallClock, open)
	subjects = append(subjects, s.nativeSubjects("parallel", size, goroutines)...)
	return s.measure(parallelRow(goroutines, size), nanoseconds, s.options.repeats, subjects)
}

// deriveScaling compares the parallel rows with each other.
func (r *results) deriveScaling() {
	for _, size := range parallelSizes {
		one, two, many := parallelRow(1, size), parallelRow(2, size), parallelRow(16, size)
		r.deriveRatio(speedupRow(size), one, two)
		r.deriveRatio(lossRow(size), many, two)
	}
}

// deriveRatio adds the row of above ÷ below for each peer that has both.
func (r *results) deriveRatio(row, above, below string) {
	for _, peer := range r.peersOf([]string{above}) {
		a, okAbove := r.median(above, peer)
		b, okBelow := r.median(below, peer)
		if okAbove && okBelow {
			r.add(row, peer, times, a/b)
		}
	}
}
