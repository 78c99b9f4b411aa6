// SPDX-License-Identifier: Apache-2.0

package family

import (
	"fmt"
	"math"
	"math/rand/v2"
	"unsafe"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

const churnFamily = "churn"

func init() {
	register(70, harness.Family{
		Family: report.Family{
			Name: churnFamily,
			About: "a random set of blocks with log-uniform sizes, replaced at random ten times over: " +
				"peak resident memory to peak live bytes",
			Tables: func(d *result.Document) []report.Table { return []report.Table{churnTable(d)} },
			Goals:  []goal.Goal{goal.Alone("churn: peak resident to peak live bytes", churnResident, peer.Ashlar, goal.AtMost, 1.2)},
			Headlines: []report.Headline{{
				Text:      "Peak resident memory ÷ live bytes, blocks of 16 B to 64 KiB",
				Benchmark: churnResident, Decimals: 2, Chart: "Peak memory ÷ live bytes", Unit: "×",
			}},
		},
		Benchmarks: churnBenchmarks,
		Task:       harness.TaskOf((*churnTask).run),
	})
}

// churnResident is the figure: the peak of the resident set ÷ the peak of the live bytes.
const churnResident = "churn/peak-rss-to-live"

// churnMetrics is the name of the metrics of the benchmarks.
const churnMetrics = "churn"

// churnTurnover is how many times the live set is turned over.
const churnTurnover = 10

func churnBenchmarks(*harness.Options) []harness.Benchmark {
	var benchmarks []harness.Benchmark
	for _, kind := range peer.For(peer.Live) {
		benchmarks = append(benchmarks, harness.Benchmark{
			Name: "churn/peer=" + kind.Name,
			Seconds: func(o *harness.Options, _ int) float64 {
				return float64(o.MemoryRepeats) * float64(o.LiveBytes) * 4e-9
			},
			Run: func(s *harness.Session) error { return measureChurn(s, kind.Name) },
		})
	}
	return benchmarks
}

func measureChurn(s *harness.Session, peer string) error {
	if !rss.Supported {
		s.Skip("the churn benchmark of %s: %v", peer, rss.ErrUnsupported)
		return nil
	}
	task := harness.Task{Family: churnFamily, Arguments: &churnTask{Peer: peer, Live: s.Options.LiveBytes, Turnover: churnTurnover}}
	for range s.Options.MemoryRepeats {
		m, seen, err := s.Watch(churnMetrics, peer, harness.Host{}, task)
		if err != nil {
			return err
		}
		m.Timeline = seen
		s.Results.Add(churnResident, peer, result.Times, float64(m.Peak)/float64(m.Live))
	}
	return s.CountCalls(churnMetrics, peer, harness.Host{}, task)
}

func churnTable(d *result.Document) report.Table {
	return report.Table{
		Title: fmt.Sprintf("Churn: %d MiB of blocks of 16 B to 64 KiB, log-uniform, turned over %d times",
			d.Parameters.LiveBytes>>20, churnTurnover),
		Pattern: "^churn/", First: "ratio", Main: true,
		Lines:    []report.Line{{Benchmark: churnResident, Label: "peak resident ÷ peak live bytes"}},
		Observed: []report.Line{{Benchmark: churnMetrics, Label: "churn"}},
	}
}

// A churnTask allocates a random set of blocks and replaces random blocks of it by new ones of other sizes, until
// the set was turned over several times. It measures the peak of the memory.
type churnTask struct {
	Peer     string `json:"peer"`
	Live     int64  `json:"live"`     // bytes of the set
	Turnover int    `json:"turnover"` // how many times the bytes of the set are allocated after it was filled
}

// Sizes of churned blocks are log-uniform: each doubling between these has as many blocks as any other.
const (
	churnSmallest = 16
	churnLargest  = 64 << 10
)

type churnBlock struct {
	address unsafe.Pointer
	size    int
}

// churning is the state of a churnTask.
type churning struct {
	handle    peer.Handle
	random    *rand.Rand
	blocks    []churnBlock
	live      int64 // bytes
	peakLive  int64 // peak of the sum of requested sizes
	allocated int64 // bytes
	made      int   // blocks
}

// run returns the metrics of all blocks: those of the first set, and those that took their places.
func (t *churnTask) run() (*result.Metrics, error) {
	kind, err := peer.Named(t.Peer)
	if err != nil {
		return nil, err
	}
	c := &churning{handle: kind.Open().Handle(), random: rand.New(rand.NewPCG(3, 4))}
	c.blocks = make([]churnBlock, 0, t.Live/churnSmallest/64) // about seven times as many as the mean size needs
	base, _, err := harness.Baseline()
	if err != nil {
		return nil, err
	}
	meter := usage.Begin()
	calls.Mark()
	for c.live < t.Live {
		c.blocks = append(c.blocks, c.newBlock())
	}
	times := c.turnOver(t.Live * int64(1+t.Turnover))
	calls.Mark()
	m := &result.Metrics{Live: c.peakLive, Operations: c.made, Usage: meter.End(), Latency: harness.Summarize(times)}
	m.Latency.Operation, m.Latency.Every, m.Latency.Clock = "free a random block, allocate and touch another", 1, harness.ClockCost()
	return m, harness.ReadMemory(m, base)
}

// turnOver replaces blocks until so many bytes were allocated in all, and times each replacement.
func (c *churning) turnOver(bytes int64) *hdrhistogram.Histogram {
	times := harness.NewHistogram()
	for c.allocated < bytes {
		start := harness.WallClock()
		c.replace(c.random.IntN(len(c.blocks)))
		harness.Record(times, harness.WallClock()-start)
	}
	return times
}

// replace frees the victim before its successor is allocated, as a cache that is full does.
func (c *churning) replace(victim int) {
	old := c.blocks[victim]
	c.blocks[victim].address = nil
	c.handle.Release(old.address, old.size)
	c.live -= int64(old.size)
	c.blocks[victim] = c.newBlock()
}

func (c *churning) newBlock() churnBlock {
	size := churnSize(c.random)
	block := churnBlock{c.handle.Malloc(size), size}
	peer.Touch(block.address, size)
	*(*byte)(unsafe.Add(block.address, size-1)) = 1
	c.live += int64(size)
	c.allocated += int64(size)
	c.made++
	c.peakLive = max(c.peakLive, c.live)
	return block
}

func churnSize(random *rand.Rand) int {
	return int(churnSmallest * math.Exp(random.Float64()*math.Log(churnLargest/churnSmallest)))
}
