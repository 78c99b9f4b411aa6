// SPDX-License-Identifier: Apache-2.0

package result

import (
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

// Metrics are what was observed of one peer in one benchmark besides its figures. They come from two
// processes in which nothing else ran. In the first only the process is watched; in the second the calls into the kernel
// are counted. A field is its zero value if it was not observed.
type Metrics struct {
	Benchmark string `json:"benchmark"`
	Peer      string `json:"peer"`

	// From the watched process.
	Operations int         `json:"operations,omitempty"` // that Usage covers
	Usage      usage.Usage `json:"usage"`
	Live       int64       `json:"live,omitempty"`     // bytes of the live blocks, at the peak
	Resident   int64       `json:"resident,omitempty"` // bytes at the end, above what the process began with
	Peak       int64       `json:"peak,omitempty"`     // bytes at the peak, likewise
	Latency    *Latency    `json:"latency,omitempty"`
	Timeline   *Timeline   `json:"timeline,omitempty"`

	// From the process whose kernel calls are counted.
	Calls          calls.Counts `json:"calls,omitempty"`
	CallOperations int          `json:"call_operations,omitempty"` // that Calls covers
}

// PerThousand is the number for a thousand of the operations.
func PerThousand(n int64, operations int) float64 { return 1000 * float64(n) / float64(operations) }

// A MetricsList keeps metrics in the order in which they were first added.
type MetricsList []*Metrics

// Of returns the metrics of the benchmark and peer, and adds them if there are none.
func (l *MetricsList) Of(benchmark, peer string) *Metrics {
	if found := l.Find(benchmark, peer); found != nil {
		return found
	}
	added := &Metrics{Benchmark: benchmark, Peer: peer}
	*l = append(*l, added)
	return added
}

// Find returns nil if nothing was observed of the peer in the benchmark.
func (l MetricsList) Find(benchmark, peer string) *Metrics {
	for _, candidate := range l {
		if candidate.Benchmark == benchmark && candidate.Peer == peer {
			return candidate
		}
	}
	return nil
}

// Having lists the metrics of all peers in the benchmark that have the property.
func (l MetricsList) Having(benchmark string, property func(*Metrics) bool) []*Metrics {
	var found []*Metrics
	for _, candidate := range l {
		if candidate.Benchmark == benchmark && property(candidate) {
			found = append(found, candidate)
		}
	}
	return found
}

// HasLatency reports whether single operations were timed.
func HasLatency(m *Metrics) bool { return m.Latency != nil }

// HasTimeline reports whether the resident memory was observed over time.
func HasTimeline(m *Metrics) bool { return m.Timeline != nil }

// HasUsage reports whether the use of the machine was observed.
func HasUsage(m *Metrics) bool { return m.Operations > 0 || m.Resident > 0 }

// A Latency is the distribution of the times of single operations by the wall clock, in nanoseconds. Each
// time contains one reading of the clock, and the time for which the goroutine had no processor.
type Latency struct {
	Operation string     `json:"operation"` // what was timed
	Count     int64      `json:"count"`     // of the timed operations
	Every     int        `json:"every"`     // one operation of so many was timed
	Clock     int64      `json:"clock"`     // the median time of no operation
	Quantiles []Quantile `json:"quantiles"`
	Max       int64      `json:"max"`
}

// A Quantile says that the share Q of the operations took at most Time, in nanoseconds.
type Quantile struct {
	Q    float64 `json:"q"`
	Time int64   `json:"time"`
}

// At returns the time of one of the quantiles that were kept.
func (l *Latency) At(q float64) (int64, bool) {
	for _, candidate := range l.Quantiles {
		if candidate.Q == q {
			return candidate.Time, true
		}
	}
	return 0, false
}

// A Timeline is the resident set of a process over time.
type Timeline struct {
	Every    time.Duration `json:"every"`    // between two readings
	Resident []int64       `json:"resident"` // KiB
}
