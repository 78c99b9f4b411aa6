// SPDX-License-Identifier: Apache-2.0

package family

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/trace"
)

// TestMain makes the test binary the child process of the benchmarks, too.
func TestMain(m *testing.M) {
	if asked, err := harness.RunTask(All()); asked {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// newTestSession returns a session whose measurements take moments. Its figures mean
// nothing.
func newTestSession(t *testing.T, flags ...string) *harness.Session {
	t.Helper()
	quick := []string{"-d", "20us", "-repeats", "2", "-memory-repeats", "1", "-live-blocks", "20000", "-live-mib", "2",
		"-decay-wait", "1ms", "-grow-mib", "4"}
	o := new(harness.Options)
	set := flag.NewFlagSet("", flag.ContinueOnError)
	finish := o.AddFlags(set)
	if err := set.Parse(append(quick, flags...)); err != nil {
		t.Fatal(err)
	}
	if err := finish(); err != nil {
		t.Fatal(err)
	}
	return harness.NewSession(o, All())
}

// measured measures the benchmarks that the session's options select, and returns the
// printed tables.
func measured(t *testing.T, s *harness.Session) string {
	t.Helper()
	if err := s.MeasureAll(harness.Choose(All(), s.Options)); err != nil {
		t.Fatal(err)
	}
	return printed(t, s)
}

func printed(t *testing.T, s *harness.Session) string {
	t.Helper()
	var out strings.Builder
	r := &report.Report{Document: s.Document(), Families: harness.Reports(All())}
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFamilies(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range All() {
		if f.About == "" {
			t.Errorf("%s does not say what it measures", f.Name)
		}
		for _, b := range f.Benchmarks(harness.Defaults()) {
			if seen[b.Name] {
				t.Errorf("two benchmarks are named %s", b.Name)
			}
			seen[b.Name] = true
			if !strings.HasPrefix(b.Name, f.Name+"/") {
				t.Errorf("the family %s has a benchmark named %s", f.Name, b.Name)
			}
			if b.Seconds(harness.Defaults(), 2) <= 0 {
				t.Errorf("%s takes no time", b.Name)
			}
		}
	}
}

func TestChosenBenchmarks(t *testing.T) {
	count := func(flags ...string) int { return len(harness.Choose(All(), newTestSession(t, flags...).Options)) }
	all := len(harness.Benchmarks(All(), harness.Defaults()))
	onRequest := 0
	for _, b := range harness.Benchmarks(All(), harness.Defaults()) {
		if b.OnRequest {
			onRequest++
		}
	}
	for flags, want := range map[string]int{
		"": all - onRequest, "-all": all, "-run=^pair/": len(pairSizes), "-run=^pair/size=(64|1024)$": 2,
		"-run=^parallel/": len(parallelBenchmarks(nil)), "-run=^suite/": len(suiteBenchmarks(nil)), "-run=^trace/": len(trace.Shipped()),
		"-trace=file": 1, "-trace=file -trace=other": 2,
	} {
		if got := count(strings.Fields(flags)...); got != want {
			t.Errorf("%q chooses %d benchmarks, want %d", flags, got, want)
		}
	}
}

// TestPeersRunAllWorkloads: every peer can run the workloads of the loops.
func TestPeersRunAllWorkloads(t *testing.T) {
	for _, kind := range peer.All() {
		if kind.Open == nil || kind.Mapped && !peer.MapSupported {
			continue
		}
		t.Run(kind.Name, func(t *testing.T) {
			workloads := []harness.Workload{newPair(kind, 64), newBatch(kind, 64, peer.InRandomOrder(10)), newLocalBatches(kind, 64)}
			if kind.Shared {
				workloads = append(workloads, newParallel(kind, 64, 4), newRemote(kind, 64))
			}
			for _, w := range workloads {
				w.Run(2*batchLength + 1)
				w.Close()
			}
		})
	}
}
