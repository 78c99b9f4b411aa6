package main

import (
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A latency is the distribution of the times of single operations, in nanoseconds by the wall clock. They
// contain one reading of the clock, and the time for which the goroutine had no processor.
type latency struct {
	Operation string     `json:"operation"` // what was timed
	Count     int64      `json:"count"`     // of the operations timed
	Every     int        `json:"every"`     // of so many operations one was timed
	Clock     int64      `json:"clock"`     // the median time of no operation
	Quantiles []quantile `json:"quantiles"`
	Max       int64      `json:"max"`
}

// A quantile says that the share Q of the operations took at most Time.
type quantile struct {
	Q    float64 `json:"q"`
	Time int64   `json:"time"`
}

// A step does one operation. The steps of a workload may run at once, each in a goroutine of its own.
type step func()

// Bounds of the histograms: from a nanosecond to a minute, with three digits.
const (
	latencyLongest = int64(time.Minute)
	latencyDigits  = 3
)

// latencyEvery is how many operations come for one that is timed, where operations are short: the clock
// then takes about as long as they do, and would itself keep things apart that come together. It divides
// no number that allocators or workloads are likely to count to.
const latencyEvery = 7

// longOperation is the time of an operation that is long in comparison with the clock.
const longOperation = time.Microsecond

// timeSteps has all steps run at once for the time, and times single ones.
func timeSteps(operation string, steps []step, every int, d time.Duration) *latency {
	histograms := make([]*hdrhistogram.Histogram, len(steps))
	var done sync.WaitGroup
	for i, s := range steps {
		histograms[i] = newHistogram()
		done.Go(func() { s.time(histograms[i], every, d) })
	}
	done.Wait()
	all := histograms[0]
	for _, h := range histograms[1:] {
		all.Merge(h)
	}
	l := summarize(all)
	l.Operation, l.Every, l.Clock = operation, every, clockCost()
	return l
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, latencyLongest, latencyDigits)
}

// record adds a time. One that is longer than the longest counts as that.
func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(int64(d), latencyLongest)) // the bound is the only one that it could hit
}

// clockCost is the median time of nothing, in nanoseconds: what the clock adds to each operation.
func clockCost() int64 {
	nothing := newHistogram()
	step(func() {}).time(nothing, 1, clockCostTime)
	return nothing.ValueAtQuantile(50)
}

// clockCostTime is how long the clock is timed.
const clockCostTime = time.Millisecond

// time runs the step for the time, and records each time of so many.
func (s step) time(h *hdrhistogram.Histogram, every int, d time.Duration) {
	end := wallClock() + d
	for {
		for range every - 1 {
			s()
		}
		start := wallClock()
		s()
		stop := wallClock()
		record(h, stop-start)
		if stop >= end {
			return
		}
	}
}

// summarize keeps the quantiles that people name, and those at equal distances on the scale of
// 1/(1-q) on which latencies are drawn, as far as there is more than one operation beyond them.
func summarize(h *hdrhistogram.Histogram) *latency {
	l := &latency{Count: h.TotalCount(), Max: h.Max()}
	for _, q := range latencyQuantiles() {
		if (1-q)*float64(l.Count) < 1 {
			break
		}
		l.Quantiles = append(l.Quantiles, quantile{q, h.ValueAtQuantile(100 * q)})
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

// at gives the time of one of the quantiles that were kept.
func (l *latency) at(q float64) (int64, bool) {
	for _, candidate := range l.Quantiles {
		if candidate.Q == q {
			return candidate.Time, true
		}
	}
	return 0, false
}
