// SPDX-License-Identifier: Apache-2.0

package family

import (
	"fmt"
	"math/rand/v2"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

const hugeFamily = "hugepages"

func init() {
	register(76, harness.Family{
		Family: report.Family{
			Name: hugeFamily,
			About: fmt.Sprintf("on request: blocks of %d B with small pages and with Options.HugePages: filling, random reads, "+
				"resident memory, also after half of the blocks was freed at random, and that of churn", hugeBlock),
			Tables: func(*result.Document) []report.Table { return []report.Table{hugeTable()} },
			Goals:  hugeGoals(),
		},
		Benchmarks: hugeBenchmarks,
		Task:       harness.TaskOf((*hugeTask).run),
	})
}

const (
	hugeBlock = 256     // bytes
	hugeReads = 4 << 20 // dependent reads of random blocks
)

// hugePeers are ashlar with small pages, with huge pages for dense chunks, and for all.
var hugePeers = []string{peer.Ashlar, peer.AshlarDense, peer.AshlarHuge}

// The figures.
const (
	hugeFill  = "hugepages/fill"     // ns to allocate and touch a block
	hugeRead  = "hugepages/read"     // ns to read a random block, whose address is in the block before
	hugeFull  = "hugepages/resident" // resident ÷ live bytes when all blocks are live
	hugeHalf  = "hugepages/half"     // the same after half of them was freed at random, and Trim
	hugeChurn = "hugepages/churn"    // peak resident ÷ peak live bytes of the churn benchmark
)

func hugeBenchmarks(*harness.Options) []harness.Benchmark {
	return []harness.Benchmark{{
		Name:      fmt.Sprintf("hugepages/size=%d", hugeBlock),
		OnRequest: true, // it needs memory and a minute
		Seconds:   func(o *harness.Options, _ int) float64 { return float64(o.MemoryRepeats) * 60 },
		Run:       measureHuge,
	}}
}

func measureHuge(s *harness.Session) error {
	if !rss.Supported {
		s.Skip("the benchmarks of huge pages: %v", rss.ErrUnsupported)
		return nil
	}
	for range s.Options.MemoryRepeats {
		for _, name := range hugePeers {
			task := hugeTask{Peer: name, Blocks: s.Options.LiveBlocks * 8 / 10}
			if name == peer.AshlarDense {
				task.Wait = 4 * s.Options.DecayWait
			}
			var r hugeReport
			if _, err := (harness.Host{}).Do(harness.Task{Family: hugeFamily, Arguments: &task}, &r); err != nil {
				return err
			}
			s.Results.Add(hugeFill, name, result.Nanoseconds, r.Fill)
			s.Results.Add(hugeRead, name, result.Nanoseconds, r.Read)
			s.Results.Add(hugeFull, name, result.Times, r.Full)
			s.Results.Add(hugeHalf, name, result.Times, r.Half)

			var m result.Metrics
			churn := harness.Task{Family: churnFamily, Arguments: &churnTask{Peer: name, Live: s.Options.LiveBytes, Turnover: churnTurnover}}
			if _, err := (harness.Host{}).Do(churn, &m); err != nil {
				return err
			}
			s.Results.Add(hugeChurn, name, result.Times, float64(m.Peak)/float64(m.Live))
		}
	}
	return nil
}

// A hugeTask fills memory with blocks, reads them at random, and frees half of them.
type hugeTask struct {
	Peer   string        `json:"peer"`
	Blocks int           `json:"blocks"`
	Wait   time.Duration `json:"wait"` // between the filling and the rest
}

// A hugeReport has nanoseconds a block, and resident ÷ live bytes.
type hugeReport struct{ Fill, Read, Full, Half float64 }

func (t *hugeTask) run() (*hugeReport, error) {
	kind, err := peer.Named(t.Peer)
	if err != nil {
		return nil, err
	}
	p := kind.Open()
	handle, random := p.Handle(), rand.New(rand.NewPCG(11, 12))
	blocks, err := (&liveTask{Blocks: t.Blocks}).array(kind)
	if err != nil {
		return nil, err
	}
	base, _, err := harness.Baseline()
	if err != nil {
		return nil, err
	}
	live := float64(t.Blocks) * hugeBlock
	ratio := func(live float64) (ratio float64) {
		var now int64
		if err == nil {
			now, err = rss.Current()
		}
		return float64(now-base) / live
	}
	r := new(hugeReport)
	start := time.Now()
	handle.Allocate(blocks, hugeBlock)
	r.Fill = float64(time.Since(start)) / float64(t.Blocks)
	time.Sleep(t.Wait)
	r.Full = ratio(live)
	random.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
	r.Read = readChain(blocks)
	for _, block := range blocks[:len(blocks)/2] {
		handle.Release(block, hugeBlock)
	}
	p.Trim()
	r.Half = ratio(live / 2)
	return r, err
}

// readChain writes to each block where the next one is, and follows the chain. It returns the
// nanoseconds of a step. All blocks lie outside the Go heap.
func readChain(blocks []unsafe.Pointer) float64 {
	for i, block := range blocks {
		*(*unsafe.Pointer)(block) = blocks[(i+1)%len(blocks)]
	}
	at, start := blocks[0], time.Now()
	for range hugeReads {
		at = *(*unsafe.Pointer)(at)
	}
	taken := time.Since(start)
	if at == nil {
		panic("the chain ends")
	}
	return float64(taken) / hugeReads
}

func hugeTable() report.Table {
	return report.Table{
		Title: fmt.Sprintf("Huge pages: blocks of %d B", hugeBlock), Pattern: "^hugepages/", First: "figure", Main: true,
		Lines: []report.Line{
			{Benchmark: hugeFill, Label: "filling, ns a block"},
			{Benchmark: hugeRead, Label: "random dependent reads, ns"},
			{Benchmark: hugeFull, Label: "resident ÷ live"},
			{Benchmark: hugeHalf, Label: "resident ÷ live, half freed at random, after Trim"},
			{Benchmark: hugeChurn, Label: "churn: peak resident ÷ peak live"},
		},
	}
}

func hugeGoals() []goal.Goal {
	against := func(text, figure string, bound float64) goal.Goal {
		return goal.Against("huge pages: "+text+" ÷ that with small pages", figure, peer.AshlarHuge, peer.Ashlar, goal.AtMost, bound)
	}
	return []goal.Goal{
		against("filling", hugeFill, 0.67),
		against("random reads", hugeRead, 1),
		against("resident", hugeFull, 1.05),
		against("resident when half was freed", hugeHalf, 1.05),
		goal.Alone("huge pages: churn: peak resident to peak live bytes", hugeChurn, peer.AshlarHuge, goal.AtMost, 1.2),
	}
}
