// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// A scriptedSampler returns prepared samples and records when it was called.
type scriptedSampler struct {
	name   string
	value  float64
	log    *[]string
	closed bool
}

func (s *scriptedSampler) Prepare(time.Duration) error { return nil }
func (s *scriptedSampler) Close()                      { s.closed = true }

func (s *scriptedSampler) Sample() (float64, error) {
	*s.log = append(*s.log, s.name)
	s.value++
	return s.value, nil
}

func TestMeasureInterleavesPeers(t *testing.T) {
	s := NewSession(Defaults(), nil)
	var log []string
	var contenders []Contender
	var samplers []*scriptedSampler
	for i, name := range []string{"a", "b", "c"} {
		sampler := &scriptedSampler{name: name, value: float64(10 * i), log: &log}
		samplers = append(samplers, sampler)
		contenders = append(contenders, Contender{name, sampler})
	}
	const repeats = 8
	if err := s.Measure("benchmark", result.Nanoseconds, repeats, contenders); err != nil {
		t.Fatal(err)
	}
	orders := make(map[string]bool)
	for round := range slices.Chunk(log, len(contenders)) {
		orders[strings.Join(round, "")] = true
		if sorted := slices.Sorted(slices.Values(round)); strings.Join(sorted, "") != "abc" {
			t.Errorf("round %v lacks a peer", round)
		}
	}
	if len(orders) < 2 {
		t.Errorf("all rounds had the order %v", orders)
	}
	for i, sampler := range samplers {
		if !sampler.closed {
			t.Errorf("sampler %s was not closed", sampler.name)
		}
		found := s.Results.Find("benchmark", sampler.name)
		if len(found.Samples) != repeats || found.Samples[0] != float64(10*i+1) {
			t.Errorf("samples of %s are %v", sampler.name, found.Samples)
		}
	}
}

// twoFamilies are a family of pairs, one of which is measured only on request, and a family that can be measured
// alone.
func twoFamilies() []Family {
	benchmarks := func(list ...Benchmark) func(*Options) []Benchmark {
		return func(*Options) []Benchmark { return list }
	}
	return []Family{
		{
			Family:     report.Family{Name: "pair"},
			Benchmarks: benchmarks(Benchmark{Name: "pair/size=64"}, Benchmark{Name: "pair/size=1024", OnRequest: true}),
		},
		{
			Family:     report.Family{Name: "trace"},
			Benchmarks: benchmarks(Benchmark{Name: "trace/a", OnRequest: true}),
			Alone:      func(o *Options) bool { return len(o.TraceFiles) > 0 },
		},
	}
}

func TestChoose(t *testing.T) {
	for name, test := range map[string]struct {
		run    string
		all    bool
		traces []string
		want   string
	}{
		"usual":       {want: "pair/size=64"},
		"all":         {all: true, want: "pair/size=64 pair/size=1024 trace/a"},
		"by pattern":  {run: "^pair/", want: "pair/size=64 pair/size=1024"},
		"one":         {run: "size=64$", want: "pair/size=64"},
		"all of some": {run: "^trace/", all: true, want: "trace/a"},
		"alone":       {traces: []string{"file"}, want: "trace/a"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Defaults()
			o.Run, o.All, o.TraceFiles = regexp.MustCompile(test.run), test.all, test.traces
			var names []string
			for _, b := range Choose(twoFamilies(), o) {
				names = append(names, b.Name)
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("chosen %q, want %q", got, test.want)
			}
		})
	}
}

func TestUnknownTasks(t *testing.T) {
	for _, task := range []string{"{}", `{"family": "pair"}`, `{"family": "no such"}`, "["} {
		if _, err := runTask(twoFamilies(), task); err == nil {
			t.Errorf("no error for the task %s", task)
		}
	}
}
