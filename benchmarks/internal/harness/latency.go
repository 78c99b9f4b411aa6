// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// The histograms reach from a nanosecond to LatencyLongest, in nanoseconds, with three digits.
const (
	LatencyLongest = int64(time.Minute)
	latencyDigits  = 3
)

// LatencyEvery is the number of operations of which one is timed, if operations are short. The clock takes
// about as long as such an operation, and timing each of them would keep operations apart that otherwise
// follow each other at once. No allocator or workload is likely to count to a multiple of seven.
const LatencyEvery = 7

// longOperation is the time of an operation that is long in comparison with the clock.
const longOperation = time.Microsecond

// timeSteps runs all steps at once for the time, and times single ones.
func timeSteps(operation string, steps []Step, every int, d time.Duration) *result.Latency {
	histograms := make([]*hdrhistogram.Histogram, len(steps))
	var done sync.WaitGroup
	for i, s := range steps {
		histograms[i] = NewHistogram()
		done.Go(func() { s.time(histograms[i], every, d) })
	}
	done.Wait()
	all := histograms[0]
	for _, h := range histograms[1:] {
		all.Merge(h)
	}
	l := Summarize(all)
	l.Operation, l.Every, l.Clock = operation, every, ClockCost()
	return l
}

// NewHistogram makes a histogram of times.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, LatencyLongest, latencyDigits)
}

// Record adds a time. A time beyond LatencyLongest counts as LatencyLongest.
func Record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(int64(d), LatencyLongest)) // no other error is possible
}

// ClockCost returns the median time of no operation, in nanoseconds: what the clock adds to each operation.
func ClockCost() int64 {
	nothing := NewHistogram()
	Step(func() {}).time(nothing, 1, clockCostTime)
	return nothing.ValueAtQuantile(50)
}

// clockCostTime is how long the clock is timed.
const clockCostTime = time.Millisecond

// time runs the step for the time d. It times one of every so many and records the time.
func (s Step) time(h *hdrhistogram.Histogram, every int, d time.Duration) {
	end := WallClock() + d
	for {
		for range every - 1 {
			s()
		}
		start := WallClock()
		s()
		stop := WallClock()
		Record(h, stop-start)
		if stop >= end {
			return
		}
	}
}

// Summarize keeps the quantiles that people name, and quantiles at equal distances on the scale of 1/(1-q)
// on which latencies are drawn. It keeps a quantile only if at least one operation is beyond it.
func Summarize(h *hdrhistogram.Histogram) *result.Latency {
	l := &result.Latency{Count: h.TotalCount(), Max: h.Max()}
	for _, q := range latencyQuantiles() {
		if (1-q)*float64(l.Count) < 1 {
			break
		}
		l.Quantiles = append(l.Quantiles, result.Quantile{Q: q, Time: h.ValueAtQuantile(100 * q)})
	}
	return l
}

// latencyQuantiles are in ascending order.
func latencyQuantiles() []float64 {
	all := []float64{0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999}
	for beyond := 1.0; beyond >= 1e-6; beyond /= 2 {
		all = append(all, 1-beyond)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
