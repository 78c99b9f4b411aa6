// SPDX-License-Identifier: Apache-2.0

package family

import (
	"cmp"
	"runtime"
	"slices"

	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// processors is the number of processors (GOMAXPROCS) of benchmarks with several goroutines, whatever the
// machine has.
const processors = 2

type ranked struct {
	rank   int
	family harness.Family
}

var registered []ranked

// register adds a family. Ranks order the families: in the program, in the report and among the goals.
func register(rank int, f harness.Family) { registered = append(registered, ranked{rank, f}) }

// All lists the families in their order.
func All() []harness.Family {
	slices.SortStableFunc(registered, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	var all []harness.Family
	for _, r := range registered {
		all = append(all, r.family)
	}
	return all
}

// A timed benchmark times a workload over its peers, and over the peers in C if these have it.
type timed struct {
	name       string
	onRequest  bool
	peers      []peer.Kind
	open       func(peer.Kind) harness.Workload
	unit       int // operations come in multiples of this
	clock      harness.Clock
	processors int // GOMAXPROCS; 0 leaves it as it is

	native  string // the workload's name in C; empty if the C program lacks it
	size    int    // bytes of its blocks in C
	threads int    // of the workload in C

	anotherClock bool // another benchmark has the same workload by the wall clock
}

// benchmark makes the Benchmark.
func (t timed) benchmark() harness.Benchmark {
	return harness.Benchmark{
		Name:      t.name,
		OnRequest: t.onRequest,
		Seconds:   harness.TimedSeconds(len(t.peers), t.native != ""),
		Run:       t.run,
	}
}

func (t timed) run(s *harness.Session) error {
	if t.processors > 0 {
		defer onProcessors(t.processors)()
	}
	var contenders []harness.Contender
	for _, kind := range t.peers {
		contenders = append(contenders, harness.Contender{Peer: kind.Name, Sampler: &harness.Timed{
			Open: func() harness.Workload { return t.open(kind) }, Clock: t.clock, Unit: t.unit,
			Litter: kind.Litter, AnotherClock: t.anotherClock,
		}})
	}
	if t.native != "" {
		contenders = append(contenders, s.NativeContenders(t.native, t.size, t.threads)...)
	}
	return s.Measure(t.name, result.Nanoseconds, s.Options.Repeats, contenders)
}

// onProcessors sets GOMAXPROCS to n, or to what the machine has if that is less. restore sets it back.
func onProcessors(n int) (restore func()) {
	before := runtime.GOMAXPROCS(min(n, runtime.NumCPU()))
	return func() { runtime.GOMAXPROCS(before) }
}
