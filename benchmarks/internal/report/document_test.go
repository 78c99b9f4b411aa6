// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"fmt"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/family"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/machine"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

// families lists the families of the program.
func families() []report.Family { return harness.Reports(family.All()) }

// reportOf returns the report of a document as the program does.
func reportOf(d *result.Document) *report.Report {
	return &report.Report{Document: d, Families: families()}
}

// testDocument has results of all kinds. Ashlar is slower than modernc at 64 B, and faster at 1 KiB.
func testDocument() *result.Document {
	figures := new(result.Results)
	add := func(benchmark, peer string, first float64) {
		for i := range 6 {
			figures.Add(benchmark, peer, result.Nanoseconds, first+float64(i)/10)
		}
	}
	add("pair/size=64", peer.Ashlar, 20)
	add("pair/size=64", peer.AshlarLocal, 15)
	add("pair/size=64", peer.Modernc, 10)
	add("pair/size=64", peer.Make, 40)
	add("pair/size=64", peer.Loop, 1)
	add("pair/size=1024", peer.Ashlar, 20)
	add("pair/size=1024", peer.Modernc, 30)
	add("pair/size=1024", peer.Make, 19.99) // which may be chance
	for _, goroutines := range []int{1, 2, 4, 8, 16} {
		benchmark := fmt.Sprintf("parallel/goroutines=%d/size=64", goroutines)
		add(benchmark, peer.Ashlar, 40/float64(min(goroutines, 2)))
		add(benchmark, peer.ModerncMutex, 50)
	}
	figures.Add("churn/peak-rss-to-live", peer.Ashlar, result.Times, 1.1)
	figures.Add("grow/fill=none", peer.Ashlar, result.Milliseconds, 1, 2)
	figures.Add("live/size=64/rss-to-live", peer.Ashlar, result.Times, 1.5)
	first := fmt.Sprintf("suite/%s/goroutines=%d", suite.All()[0].Name, suite.All()[0].Goroutines[0])
	add(first, peer.Ashlar, 30)
	add(first, peer.Make, 60)
	return &result.Document{
		Schema:  result.Schema,
		Machine: machine.Description{CPU: "Test <CPU> & co", Cores: 2, Procs: 2, System: "linux/amd64", GoVersion: "go1.26"},
		Time:    time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
		Run:     "^pair",
		Flags: []string{"-all", "-d", "3ms", "-grow-mib", "8", "-live-blocks", "1000", "-live-mib", "7", "-metrics",
			"-repeats", "6", "-scale", "0.5"},
		Parameters: result.Parameters{
			Repeats: 6, Sample: 3 * time.Millisecond, LiveBlocks: 1000, LiveBytes: 7 << 20, GrowTo: 8 << 20, Scale: 0.5, Classes: 16,
		},
		Skipped: []string{"nothing & nobody"},
		Goals:   report.Verdicts(families(), figures),
		Results: figures.List,
		Metrics: testMetrics(),
	}
}

func testMetrics() result.MetricsList {
	return result.MetricsList{
		{
			Benchmark: "pair/size=64", Peer: peer.Ashlar, Operations: 10_000, Live: 4096, Resident: 1 << 20, Peak: 3 << 20,
			Usage: usage.Usage{User: 0.1, MinorFaults: 30, Mappings: 3, Collections: 2, Collector: 0.01, Assist: 0.005, LongPause: 25e-6},
			Calls: calls.Counts{"mmap": 4, "madvise": 1, "futex": 2, calls.Other: 9}, CallOperations: 1000,
			Latency: &result.Latency{
				Operation: "a pair", Count: 5000, Every: 7, Clock: 25, Max: 98765,
				Quantiles: []result.Quantile{{Q: 0, Time: 30}, {Q: 0.5, Time: 47}, {Q: 0.9, Time: 60}, {Q: 0.99, Time: 123}, {Q: 0.999, Time: 4567}},
			},
		},
		{
			Benchmark: "pair/size=64", Peer: peer.Modernc,
			Latency: &result.Latency{Quantiles: []result.Quantile{{Q: 0, Time: 20}, {Q: 0.5, Time: 38}, {Q: 0.99, Time: 99}}, Max: 1000},
		},
		{
			Benchmark: "churn", Peer: peer.Ashlar,
			Timeline: &result.Timeline{Every: 20 * time.Millisecond, Resident: []int64{1024, 4096, 8192, 2048}},
		},
	}
}
