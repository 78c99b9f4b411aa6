// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"math"
	"runtime"
	"runtime/metrics"
)

// A Usage is the cost of a stretch. Times are in seconds.
type Usage struct {
	User        float64 `json:"user"`         // processor time in user mode
	System      float64 `json:"system"`       // processor time in the kernel
	MinorFaults int64   `json:"minor_faults"` // pages provided without input
	MajorFaults int64   `json:"major_faults"` // pages read from a device
	Mappings    int64   `json:"mappings"`     // by how many mappings the process has more at the end
	Collections int64   `json:"collections"`  // cycles of the Go collector that ended
	Collector   float64 `json:"collector"`    // processor time of the collector, except marking on idle processors
	Assist      float64 `json:"assist"`       // the part of it that allocating goroutines had to do
	Pauses      int64   `json:"pauses"`       // stops of the world by the collector
	LongPause   float64 `json:"long_pause"`   // the longest of them; the upper bound of its bucket
}

// CollectorShare is the collector's processor time as a share of all processor time.
func (u Usage) CollectorShare() float64 {
	if u.User+u.System == 0 {
		return 0
	}
	return u.Collector / (u.User + u.System)
}

// A Meter is the state at the beginning of a stretch.
type Meter struct {
	process process
	runtime collector
}

// Begin brings the collector to rest and starts a stretch.
func Begin() *Meter {
	runtime.GC()
	return &Meter{readProcess(), readCollector()}
}

// End ends the stretch. The runtime reports the processor time of the collector as of the end of a cycle,
// so End forces two collections: the first one closes the account of the stretch, and the second one shows
// what the first one cost.
func (m *Meter) End() Usage {
	now, stretch := readProcess(), readCollector()
	u := Usage{
		User:        now.user - m.process.user,
		System:      now.system - m.process.system,
		MinorFaults: now.minor - m.process.minor,
		MajorFaults: now.major - m.process.major,
		Mappings:    now.mappings - m.process.mappings,
		Collections: int64(stretch.cycles - m.runtime.cycles),
	}
	u.Pauses, u.LongPause = pausesSince(stretch.pauses, m.runtime.pauses)
	if u.Collections > 0 {
		runtime.GC()
		closed := readCollector()
		runtime.GC()
		again := readCollector()
		u.Collector = max(0, 2*closed.seconds-again.seconds-m.runtime.seconds)
		u.Assist = max(0, 2*closed.assist-again.assist-m.runtime.assist)
	}
	return u
}

// A process has what the kernel has counted since the process began.
type process struct {
	user, system float64
	minor, major int64
	mappings     int64
}

// A collector has what the runtime has counted since the process began.
type collector struct {
	cycles  uint64
	seconds float64
	assist  float64
	pauses  *metrics.Float64Histogram
}

// The names of the runtime's metrics, in the order in which readCollector asks for them.
var collectorMetrics = []string{
	"/gc/cycles/total:gc-cycles",
	"/cpu/classes/gc/total:cpu-seconds",
	"/cpu/classes/gc/mark/idle:cpu-seconds",
	"/cpu/classes/gc/mark/assist:cpu-seconds",
	"/sched/pauses/total/gc:seconds",
}

func readCollector() collector {
	samples := make([]metrics.Sample, len(collectorMetrics))
	for i, name := range collectorMetrics {
		samples[i].Name = name
	}
	metrics.Read(samples)
	return collector{
		cycles:  samples[0].Value.Uint64(),
		seconds: samples[1].Value.Float64() - samples[2].Value.Float64(),
		assist:  samples[3].Value.Float64(),
		pauses:  samples[4].Value.Float64Histogram(),
	}
}

// pausesSince counts the pauses that now has and before lacks, and finds the longest.
func pausesSince(now, before *metrics.Float64Histogram) (count int64, longest float64) {
	for i := range now.Counts {
		n := now.Counts[i] - before.Counts[i]
		count += int64(n)
		if n == 0 {
			continue
		}
		longest = now.Buckets[i+1]
		if math.IsInf(longest, 1) {
			longest = now.Buckets[i]
		}
	}
	return count, longest
}
