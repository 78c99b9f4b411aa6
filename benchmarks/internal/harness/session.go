// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/ashlar-go/ashlar/benchmarks/internal/machine"
	"github.com/ashlar-go/ashlar/benchmarks/internal/native"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// A Session is one run of the program.
type Session struct {
	Options *Options
	Results result.Results
	Metrics result.MetricsList
	Native  []native.Peer
	Traces  []string // that were replayed
	Skipped []string // what was not measured, and why

	families  []Family
	machine   machine.Description
	ended     time.Time         // the run
	random    *rand.Rand        // shuffles the order of the peers
	rebuilt   map[string]string // programs by the names of their builds; empty if the build failed
	benchmark string            // under measurement, as -run selects it
	progress  *progress

	intercept func(benchmark string, contenders []Contender) error // instead of measuring; nil in an ordinary session
}

// NewSession makes a session that has measured nothing.
func NewSession(o *Options, families []Family) *Session {
	return &Session{Options: o, families: families, machine: machine.Describe(), random: rand.New(rand.NewPCG(5, 6))}
}

// MeasureAll measures the benchmarks and derives the figures that compare them.
func (s *Session) MeasureAll(chosen []Benchmark) error {
	remove, err := s.findNative()
	defer remove()
	if err != nil {
		return err
	}
	defer s.RemoveRebuilt()
	s.showProgress(chosen)
	defer s.progress.clear()
	for _, b := range chosen {
		s.Begin(b.Name).progress.begin(b.Name)
		if err := b.Run(s); err != nil {
			return err
		}
		s.progress.end(s.seconds(b))
	}
	for _, f := range s.families {
		if f.Derive != nil {
			f.Derive(&s.Results)
		}
	}
	s.ended = time.Now()
	return nil
}

// Begin names the benchmark that is measured or observed next.
func (s *Session) Begin(benchmark string) *Session {
	s.benchmark = benchmark
	return s
}

// findNative finds the peers in C, if they were asked for.
func (s *Session) findNative() (remove func(), err error) {
	if !s.Options.Native {
		return func() {}, nil
	}
	found, err := native.Find(s.Options.NativeLibs)
	s.Native = found.Peers
	s.Skipped = append(s.Skipped, found.Missing...)
	return found.Remove, err
}

// Measure takes the samples of a benchmark. Each round measures all peers, in a new random order: a
// disturbance of the machine hits all of them alike, and none always follows the same other one.
func (s *Session) Measure(benchmark, unit string, repeats int, contenders []Contender) error {
	if s.intercept != nil {
		return s.intercept(benchmark, contenders)
	}
	for _, c := range contenders {
		defer c.Close()
		if err := c.Prepare(s.Options.Sample); err != nil {
			return fmt.Errorf("%s of %s: %w", benchmark, c.Peer, err)
		}
		s.Results.Add(benchmark, c.Peer, unit)
	}
	for range repeats {
		for _, i := range s.random.Perm(len(contenders)) {
			sample, err := contenders[i].Sample()
			if err != nil {
				return fmt.Errorf("%s of %s: %w", benchmark, contenders[i].Peer, err)
			}
			s.Results.Add(benchmark, contenders[i].Peer, unit, sample)
		}
	}
	return s.observeAll(benchmark, contenders)
}

// NativeContenders are the native peers in a benchmark; none unless the user asked for them.
func (s *Session) NativeContenders(workload string, size, threads int) []Contender {
	var contenders []Contender
	for _, peer := range s.Native {
		sampler := &native.Sampler{Peer: peer, Workload: workload, Size: size, Threads: threads}
		contenders = append(contenders, Contender{peer.Name, sampler})
	}
	return contenders
}

// Skip notes what is missing from the tables.
func (s *Session) Skip(format string, arguments ...any) {
	s.Skipped = append(s.Skipped, fmt.Sprintf(format, arguments...))
}

// Document is everything that the session gave.
func (s *Session) Document() *result.Document {
	return &result.Document{
		Schema:     result.Schema,
		Machine:    s.machine,
		Time:       s.ended.UTC().Truncate(time.Second),
		Run:        s.Options.Run.String(),
		Flags:      s.Options.Flags,
		Parameters: s.Options.Parameters,
		Traces:     s.Traces,
		Skipped:    s.Skipped,
		Goals:      report.Verdicts(Reports(s.families), &s.Results),
		Results:    s.Results.List,
		Metrics:    s.Metrics,
	}
}

// showProgress shows nothing if standard error is no terminal.
func (s *Session) showProgress(chosen []Benchmark) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return
	}
	total := 0.0
	for _, b := range chosen {
		total += s.seconds(b)
	}
	s.progress = newProgress(os.Stderr, WallClock, len(chosen), total)
}

// seconds is about how long a benchmark takes.
func (s *Session) seconds(b Benchmark) float64 {
	seconds := b.Seconds(s.Options, len(s.Native))
	if s.Options.Metrics {
		seconds += observeSeconds
	}
	return seconds
}

// observeSeconds is about how long the metrics of a benchmark take.
const observeSeconds = 3
