// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// Bounds of the histograms: from a nanosecond to a minute, with three digits.
const (
	LatencyLongest = int64(time.Minute)
	latencyDigits  = 3
)

// LatencyEvery is how many operations come for one that is timed, where operations are short: the clock
// then takes about as long as they do, and would itself keep things apart that come together. It divides
// no number that allocators or workloads are likely to count to.
const LatencyEvery = 7

// longOperation is the time of an operation that is long in comparison with the clock.
const longOperation = time.Microsecond

// timeSteps has all steps run at once for the time, and times single ones.
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

func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, LatencyLongest, latencyDigits)
}

// Record adds a time. One that is longer than the longest counts as that.
func Record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(int64(d), LatencyLongest)) // the bound is the only one that it could hit
}

// ClockCost is the median time of nothing, in nanoseconds: what the clock adds to each operation.
func ClockCost() int64 {
	nothing := NewHistogram()
	Step(func() {}).time(nothing, 1, clockCostTime)
	return nothing.ValueAtQuantile(50)
}

// clockCostTime is how long the clock is timed.
const clockCostTime = time.Millisecond

// time runs the step for the time, and records each time of so many.
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

// Summarize keeps the quantiles that people name, and those at equal distances on the scale of
// 1/(1-q) on which latencies are drawn, as far as there is more than one operation beyond them.
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
