// SPDX-License-Identifier: Apache-2.0

package family

import (
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

const growFamily = "grow"

func init() {
	register(50, harness.Family{
		Family: report.Family{
			Name:   growFamily,
			About:  "one buffer grows from 1 MiB to 256 MiB by doubling",
			Tables: func(d *result.Document) []report.Table { return []report.Table{growTable(d)} },
			Goals:  growGoals(),
			Headlines: []report.Headline{
				{Text: "Grow a buffer from 1 to 256 MiB by doubling, and write all of it, ms", Benchmark: growName("all"), GoHeap: peer.Append},
			},
		},
		Benchmarks: growBenchmarks,
		Task:       harness.TaskOf((*growTask).run),
	})
}

// growRepeats bounds the repeats, each of which faults in some hundred MiB.
const growRepeats = 3

// growFrom is the size, in bytes, that a buffer begins with.
const growFrom = 1 << 20

// A fill writes to a new part of a growing buffer.
type fill struct {
	name  string
	label string
	write func([]byte)
}

var fills = []fill{
	{"none", "nothing written", func([]byte) {}},
	{"pages", "1 byte a page written", func(part []byte) { peer.Touch(unsafe.Pointer(unsafe.SliceData(part)), len(part)) }},
	{"all", "all written", func(part []byte) {
		for i := range part {
			part[i] = 1
		}
	}},
}

func growName(fill string) string { return "grow/fill=" + fill }

func growBenchmarks(*harness.Options) []harness.Benchmark {
	var benchmarks []harness.Benchmark
	for _, fill := range fills {
		benchmarks = append(benchmarks, harness.Benchmark{
			Name: growName(fill.name),
			Seconds: func(o *harness.Options, _ int) float64 {
				return 8e-9 * float64(o.GrowTo) * float64(min(o.Repeats, growRepeats))
			},
			Run: func(s *harness.Session) error {
				var contenders []harness.Contender
				for _, kind := range peer.WithBuffers() {
					sampler := &growSampler{growTask{Peer: kind.Name, Fill: fill.name, To: s.Options.GrowTo}}
					contenders = append(contenders, harness.Contender{Peer: kind.Name, Sampler: sampler})
				}
				return s.Measure(growName(fill.name), result.Milliseconds, min(s.Options.Repeats, growRepeats), contenders)
			},
		})
	}
	return benchmarks
}

// A growSampler times one growth of a buffer in a new process, in milliseconds.
type growSampler struct{ task growTask }

func (g *growSampler) Prepare(time.Duration) error { return nil }
func (g *growSampler) Close()                      {}

func (g *growSampler) Sample() (float64, error) {
	var report growReport
	_, err := harness.Host{}.Do(harness.Task{Family: growFamily, Arguments: &g.task}, &report)
	return report.Milliseconds, err
}

func (g *growSampler) Observers(string, string, string, *harness.Options) *harness.Observers {
	task := harness.Task{Family: growFamily, Arguments: &g.task}
	return &harness.Observers{Watched: task, Counted: task}
}

// A growTask is one growth in a process of its own: no peer then finds memory, or a state of the
// collector, that an earlier growth left behind.
type growTask struct {
	Peer string `json:"peer"`
	Fill string `json:"fill"`
	To   int    `json:"to"` // bytes
}

type growReport struct {
	Milliseconds float64 `json:"ms"`
	result.Metrics
}

func (t *growTask) run() (*growReport, error) {
	for _, fill := range fills {
		for _, kind := range peer.WithBuffers() {
			if fill.name == t.Fill && kind.Name == t.Peer {
				return growMeasured(kind.Buffer(), t.To, fill.write)
			}
		}
	}
	return nil, fmt.Errorf("no growth of %s with fill %s", t.Peer, t.Fill)
}

// growMeasured leaves the buffer as it is, so that its memory can be read.
func growMeasured(b peer.Buffer, to int, write func([]byte)) (*growReport, error) {
	r := &growReport{Metrics: result.Metrics{Operations: 1, Live: int64(to)}}
	base, meter := int64(0), usage.Begin()
	if rss.Supported {
		var err error
		if base, err = rss.Current(); err != nil {
			return nil, err
		}
	}
	calls.Mark()
	start := harness.WallClock()
	growOnce(b, to, write)
	r.Milliseconds = (harness.WallClock() - start).Seconds() * 1e3
	calls.Mark()
	r.Usage = meter.End()
	if !rss.Supported {
		return r, nil
	}
	err := harness.ReadMemory(&r.Metrics, base)
	runtime.KeepAlive(b)
	return r, err
}

// growOnce doubles a buffer from growFrom to at most the given bytes, and writes to each new part. The
// caller closes the buffer: freeing it is not part of growing.
func growOnce(b peer.Buffer, to int, write func([]byte)) {
	old := 0
	for size := growFrom; size <= to; size *= 2 {
		write(b.Grow(size)[old:])
		old = size
	}
}

func growTable(d *result.Document) report.Table {
	t := report.Table{
		Title: fmt.Sprintf("Growth: ms to grow one buffer from %s to %s by doubling, in a new process",
			grid.Bytes(growFrom), grid.Bytes(d.Parameters.GrowTo)),
		Pattern: "^grow/", First: "each new part", Times: true, Main: true,
	}
	for _, fill := range fills {
		t.Lines = append(t.Lines, report.Line{Benchmark: growName(fill.name), Label: fill.label})
	}
	return t
}

func growGoals() []goal.Goal {
	var goals []goal.Goal
	for _, fill := range fills {
		text := fmt.Sprintf("grow by doubling, %s: faster than append", fill.label)
		goals = append(goals, goal.Against(text, growName(fill.name), peer.Ashlar, peer.Append, goal.Faster, 5))
	}
	return goals
}
