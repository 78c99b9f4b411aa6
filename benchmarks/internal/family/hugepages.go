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
	hugeWhile = "hugepages/while"    // ns to read a random block, whose address is in the block before, while memory ages
	hugeRead  = "hugepages/read"     // the same afterwards
	hugeFull  = "hugepages/resident" // resident ÷ live bytes when all blocks are live
	hugeHalf  = "hugepages/half"     // the same after half of them was freed at random, and Trim
	hugeChurn = "hugepages/churn"    // peak resident ÷ peak live bytes of the churn benchmark
	hugeBound = "hugepages/bound"    // what became resident ÷ footprint, the largest of the moments
)

func hugeBenchmarks(*harness.Options) []harness.Benchmark {
	return []harness.Benchmark{{
		Name:      fmt.Sprintf("hugepages/size=%d", hugeBlock),
		OnRequest: true, // it needs memory and a minute
		Seconds:   func(o *harness.Options, _ int) float64 { return float64(o.MemoryRepeats) * 90 },
		Run:       measureHuge,
	}}
}

func measureHuge(s *harness.Session) error {
	if !rss.Supported {
		s.Skip("the benchmarks of huge pages: %v", rss.ErrUnsupported)
		return nil
	}
	blocks := s.Options.LiveBlocks * 8 / 10
	for range s.Options.MemoryRepeats {
		for _, i := range rand.Perm(len(hugePeers)) {
			name := hugePeers[i]
			task := hugeTask{Peer: name, Blocks: blocks, Wait: 4 * s.Options.DecayWait}
			var r hugeReport
			if err := warmHost(blocks); err != nil {
				return err
			}
			if _, err := (harness.Host{}).Do(harness.Task{Family: hugeFamily, Arguments: &task}, &r); err != nil {
				return err
			}
			s.Results.Add(hugeFill, name, result.Nanoseconds, r.Fill)
			s.Results.Add(hugeWhile, name, result.Nanoseconds, r.While)
			s.Results.Add(hugeRead, name, result.Nanoseconds, r.Read)
			s.Results.Add(hugeFull, name, result.Times, r.Full)
			s.Results.Add(hugeHalf, name, result.Times, r.Half)
			s.Results.Add(hugeBound, name, result.Times, r.Bound)

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

// warmHost makes the host of a virtual machine give it the memory that the next task uses, in huge pages.
// Some seconds after memory became free, the host may have it back (free page reporting), and a task that
// gets it again would pay for that.
func warmHost(blocks int) error {
	task := hugeTask{Peer: peer.AshlarHuge, Blocks: blocks + blocks/8, Warm: true}
	_, err := (harness.Host{}).Do(harness.Task{Family: hugeFamily, Arguments: &task}, new(hugeReport))
	return err
}

// A hugeTask fills memory with blocks, reads them at random, and frees half of them.
type hugeTask struct {
	Peer   string        `json:"peer"`
	Blocks int           `json:"blocks"`
	Wait   time.Duration `json:"wait"` // how long random blocks are read after the filling, while memory ages
	Warm   bool          `json:"warm"` // fill memory only
}

// A hugeReport has nanoseconds a block, and resident ÷ live bytes; and what became resident ÷ footprint.
type hugeReport struct{ Fill, While, Read, Full, Half, Bound float64 }

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
	r := new(hugeReport)
	ratio := func(live float64) float64 {
		var now int64
		if err == nil {
			now, err = rss.Current()
		}
		r.Bound = max(r.Bound, float64(now-base)/float64(p.(footprint).Footprint()))
		return float64(now-base) / live
	}
	start := time.Now()
	handle.Allocate(blocks, hugeBlock)
	r.Fill = float64(time.Since(start)) / float64(t.Blocks)
	if t.Warm {
		return r, nil
	}
	random.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
	chain(blocks)
	r.While = follow(blocks[0], 0, t.Wait)
	r.Full = ratio(live)
	r.Read = follow(blocks[0], hugeReads, 0)
	for _, block := range blocks[:len(blocks)/2] {
		handle.Release(block, hugeBlock)
	}
	p.Trim()
	r.Half = ratio(live / 2)
	return r, err
}

// A footprint is a peer that says how much memory it may occupy.
type footprint interface{ Footprint() int64 }

// chain writes to each block where the next one is. All blocks lie outside the Go heap.
func chain(blocks []unsafe.Pointer) {
	for i, block := range blocks {
		*(*unsafe.Pointer)(block) = blocks[(i+1)%len(blocks)]
	}
}

// follow follows the chain for so many steps at least, and for so long. It returns the nanoseconds of
// a step.
func follow(at unsafe.Pointer, steps int, long time.Duration) float64 {
	const stride = 1 << 14
	done, start := 0, time.Now()
	for done < steps || time.Since(start) < long {
		for range stride {
			at = *(*unsafe.Pointer)(at)
		}
		done += stride
	}
	if at == nil {
		panic("the chain ends")
	}
	return float64(time.Since(start)) / float64(max(done, 1))
}

func hugeTable() report.Table {
	return report.Table{
		Title: fmt.Sprintf("Huge pages: blocks of %d B", hugeBlock), Pattern: "^hugepages/", First: "figure", Main: true,
		Lines: []report.Line{
			{Benchmark: hugeFill, Label: "filling, ns a block"},
			{Benchmark: hugeWhile, Label: "random dependent reads while memory ages, ns"},
			{Benchmark: hugeRead, Label: "random dependent reads afterwards, ns"},
			{Benchmark: hugeFull, Label: "resident ÷ live"},
			{Benchmark: hugeHalf, Label: "resident ÷ live, half freed at random, after Trim"},
			{Benchmark: hugeChurn, Label: "churn: peak resident ÷ peak live"},
			{Benchmark: hugeBound, Label: "resident ÷ footprint, at most"},
		},
	}
}

// otherMemory is what the program's own memory adds to what is resident ÷ footprint, at most.
const otherMemory = 0.01

func hugeGoals() (goals []goal.Goal) {
	for _, name := range []string{peer.AshlarDense, peer.AshlarHuge} {
		against := func(text, figure string, bound float64) {
			goals = append(goals, goal.Against(name+": "+text+" ÷ that with small pages", figure, name, peer.Ashlar, goal.AtMost, bound))
		}
		against("filling", hugeFill, 0.67)
		against("random reads while memory ages", hugeWhile, 1)
		against("random reads afterwards", hugeRead, 1)
		against("resident", hugeFull, 1.05)
		against("resident when half was freed", hugeHalf, 1.05)
		goals = append(goals,
			goal.Alone(name+": churn: peak resident to peak live bytes", hugeChurn, name, goal.AtMost, 1.2),
			goal.Alone(name+": resident to footprint", hugeBound, name, goal.AtMost, 1+otherMemory))
	}
	return append(goals, goal.Alone("small pages: resident to footprint", hugeBound, peer.Ashlar, goal.AtMost, 1+otherMemory))
}
