// SPDX-License-Identifier: Apache-2.0

package family

import (
	"fmt"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/native"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

const sparseFamily = "sparse"

func init() {
	register(75, harness.Family{
		Family: report.Family{
			Name: sparseFamily,
			About: "on request: blocks of which a part is freed, so that live ones remain everywhere: resident memory to live bytes " +
				"after more pairs, after Trim, and after ten seconds",
			Tables: func(*result.Document) []report.Table { return []report.Table{sparseTable()} },
			Goals:  sparseGoals(),
		},
		Benchmarks: sparseBenchmarks,
		Task:       harness.TaskOf((*sparseTask).run),
	})
}

// A sparsePattern says which blocks are allocated, which of them stay, and what follows.
//
//	mixed   sizes of 100 to 999 B; 90 % are freed at random, then random blocks are replaced
//	size=n  blocks of n bytes, the same
//	other=n blocks of n bytes; every other one is freed
//	span=n  blocks of n bytes; one stays in each 64 KiB
type sparsePattern struct {
	Name     string `json:"name"`
	Smallest int    `json:"smallest"` // bytes
	Largest  int    `json:"largest"`
	Blocks   int    `json:"blocks"`
	Keep     int    `json:"keep"`  // one in so many stays
	Apart    int    `json:"apart"` // if not 0, the blocks that stay lie so many bytes apart, instead of at random places
	Even     bool   `json:"even"`  // each block whose number is a multiple of Keep stays, instead of random ones
	Pairs    int    `json:"pairs"` // random blocks that are replaced afterwards
}

var sparsePatterns = []sparsePattern{
	{Name: "mixed", Smallest: 100, Largest: 999, Blocks: 700_000, Keep: 10, Pairs: 20_000_000},
	{Name: "size=64", Smallest: 64, Largest: 64, Blocks: 6_000_000, Keep: 10, Pairs: 20_000_000},
	{Name: "other=8192", Smallest: 8 << 10, Largest: 8 << 10, Blocks: 32 << 10, Keep: 2, Even: true},
	{Name: "other=32768", Smallest: 32 << 10, Largest: 32 << 10, Blocks: 8 << 10, Keep: 2, Even: true},
	{Name: "span=64", Smallest: 64, Largest: 64, Blocks: 4 << 20, Apart: 64 << 10},
}

// scaled returns the pattern for a short run, whose -live-blocks is less than the default: it has
// fewer blocks and pairs in proportion.
func (p sparsePattern) scaled(liveBlocks int) sparsePattern {
	const whole = 10_000_000
	share := min(1, float64(liveBlocks)/whole)
	p.Blocks = max(int(share*float64(p.Blocks)), 64*max(p.Keep, 1))
	p.Pairs = int(share * float64(p.Pairs))
	return p
}

// sparseLater is how long more pairs follow. jemalloc gives unused memory back over ten seconds.
const sparseLater = 12 * time.Second

// The figures: what is resident at a moment ÷ the live bytes.
const (
	thinnedFigure = "thinned" // when the blocks were freed
	pairsFigure   = "pairs"   // after the pairs
	laterFigure   = "later"   // after more of them for twelve seconds, so that memory can age
	trimFigure    = "trim"    // after Trim
	waitFigure    = "wait"    // ten seconds later, without Trim
)

func sparseName(pattern, figure string) string { return "sparse/" + pattern + "/" + figure }

func sparseBenchmarks(*harness.Options) []harness.Benchmark {
	var benchmarks []harness.Benchmark
	for _, p := range sparsePatterns {
		benchmarks = append(benchmarks, harness.Benchmark{
			Name:      "sparse/" + p.Name,
			OnRequest: true, // it takes minutes
			Seconds: func(o *harness.Options, natives int) float64 {
				return float64(o.MemoryRepeats) * float64(60+20*natives)
			},
			Run: func(s *harness.Session) error { return measureSparse(s, p.scaled(s.Options.LiveBlocks)) },
		})
	}
	return benchmarks
}

// sparsePeers are those of this build that free blocks one by one.
var sparsePeers = []string{peer.Ashlar, peer.AshlarLocal, peer.Modernc}

func measureSparse(s *harness.Session, p sparsePattern) error {
	if !rss.Supported {
		s.Skip("the sparse benchmarks: %v", rss.ErrUnsupported)
		return nil
	}
	for range s.Options.MemoryRepeats {
		for _, name := range sparsePeers {
			ours := name == peer.Ashlar
			for _, trim := range []bool{false, true} {
				if trim && !ours {
					continue
				}
				task := sparseTask{sparsePattern: p, Peer: name, Trim: trim}
				if !trim && p.Pairs > 0 {
					task.Later = later(s)
				}
				if ours && !trim {
					task.Wait = min(sparseWait, 4*s.Options.DecayWait)
				}
				var r sparseReport
				if _, err := (harness.Host{}).Do(harness.Task{Family: sparseFamily, Arguments: &task}, &r); err != nil {
					return err
				}
				r.add(&s.Results, p, name, trim)
			}
		}
		if err := sparseInC(s, p); err != nil {
			return err
		}
	}
	return nil
}

// later returns how long more pairs follow: less in short runs, which wait less for memory.
func later(s *harness.Session) time.Duration { return min(sparseLater, 4*s.Options.DecayWait) }

func sparseInC(s *harness.Session, p sparsePattern) error {
	for _, c := range s.Native {
		var r sparseReport
		err := c.Report(&r, "sparse", fmt.Sprint(p.Smallest), fmt.Sprint(p.Largest), fmt.Sprint(p.Blocks), fmt.Sprint(p.Keep),
			fmt.Sprint(p.Apart), fmt.Sprint(map[bool]int{true: 1}[p.Even]), fmt.Sprint(p.Pairs), fmt.Sprint(later(s).Milliseconds()))
		if err != nil {
			return err
		}
		r.add(&s.Results, p, c.Name, false)
	}
	return nil
}

// add records the figures of the report.
func (r *sparseReport) add(results *result.Results, p sparsePattern, name string, trim bool) {
	add := func(figure string, bytes int64) {
		if bytes > 0 {
			results.Add(sparseName(p.Name, figure), name, result.Times, float64(bytes)/float64(r.Live))
		}
	}
	if !trim {
		add(thinnedFigure, r.Thinned)
		add(pairsFigure, r.Paired)
		add(laterFigure, r.Later)
	}
	add(trimFigure, r.Trimmed)
	add(waitFigure, r.Waited)
}

func sparseTable() report.Table {
	t := report.Table{
		Title: "Sparse: resident ÷ live bytes when a part of the blocks was freed", Pattern: "^sparse/", First: "pattern, moment", Main: true,
	}
	for _, p := range sparsePatterns {
		line := func(figure, label string) {
			t.Lines = append(t.Lines, report.Line{Benchmark: sparseName(p.Name, figure), Label: p.Name + ", " + label})
		}
		line(thinnedFigure, "freed")
		if p.Pairs > 0 {
			line(pairsFigure, fmt.Sprintf("after %d million pairs", p.Pairs/1_000_000))
			line(laterFigure, fmt.Sprintf("after more pairs for %v", sparseLater))
		}
		line(trimFigure, "after Trim")
		line(waitFigure, "ten seconds later")
	}
	return t
}

func sparseGoals() []goal.Goal {
	jemalloc := native.Prefix + "jemalloc"
	goals := []goal.Goal{
		goal.Against("sparse: resident after pairs ÷ jemalloc's", sparseName("mixed", pairsFigure), peer.Ashlar, jemalloc, goal.AtMost, 1.2),
		goal.Against("sparse: resident after more pairs ÷ jemalloc's", sparseName("mixed", laterFigure), peer.Ashlar, jemalloc, goal.AtMost, 1.2),
		goal.Against("sparse: resident after more pairs of 64 B ÷ jemalloc's", sparseName("size=64", laterFigure), peer.Ashlar, jemalloc, goal.AtMost, 1.2),
	}
	for _, other := range []string{"other=8192", "other=32768"} {
		goals = append(goals,
			goal.Alone("sparse: "+other+": resident to live after Trim", sparseName(other, trimFigure), peer.Ashlar, goal.AtMost, 1.15),
			goal.Alone("sparse: the same, after ten seconds", sparseName(other, waitFigure), peer.Ashlar, goal.AtMost, 1.15))
	}
	return goals
}
