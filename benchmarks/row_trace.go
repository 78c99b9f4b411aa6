package main

import (
	"slices"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/stat"
	"github.com/ashlar-go/ashlar/benchmarks/trace"
)

// tracePlays is how often a process plays a trace after the first time, if that does not take too long; their median
// counts.
const tracePlays = 9

// A tracedLoad is a trace that was replayed, for the tables.
type tracedLoad struct {
	name    string
	program *trace.Program
	survey  *trace.Survey
}

// tracePrefix begins the names of the traces' rows.
const tracePrefix = "trace/"

func traceRow(name string) string { return tracePrefix + trace.Name(name) }

// traceFirst is the row of the plays in new memory.
func traceFirst(row string) string { return row + "/first" }

// traceResident is the row of the peak of the resident set as a share of that of the live bytes.
func traceResident(row string) string { return row + "/peak-rss-to-live" }

// traceRows replay the traces that were asked for, or else those of package trace.
func traceRows(o *options) []row {
	names := o.traces
	if len(names) == 0 {
		names = trace.Shipped()
	}
	var rows []row
	for _, name := range names {
		rows = append(rows, row{
			name:    traceRow(name),
			extra:   true,
			seconds: func(o *options, natives int) float64 { return float64((8 + natives) * min(o.repeats, suiteRepeats)) },
			run:     func(s *session) error { return s.measureTrace(name) },
		})
	}
	return rows
}

// tracePeers names the peers of this build that are fit for the trace, and before them the one that does nothing.
func tracePeers(p *trace.Program) []string {
	names := []string{loopName}
	for _, kind := range fitKinds(p.Threads(), p.Counts.MostLive, int(p.Counts.Largest)) {
		names = append(names, kind.name)
	}
	return names
}

func (s *session) measureTrace(name string) error {
	program, survey, err := trace.LoadFile(name)
	if err != nil {
		return err
	}
	s.traced = append(s.traced, tracedLoad{name, program, survey})
	row := traceRow(name)
	var subjects []subject
	var samplers []*traceSampler
	add := func(peer string, play func(task traceTask) (*traceReport, error)) {
		sampler := &traceSampler{program: program, play: func() (*traceReport, error) {
			return play(traceTask{Trace: name, Peer: peer, Plays: tracePlays})
		}}
		samplers = append(samplers, sampler)
		subjects = append(subjects, subject{peer, sampler})
	}
	inGo := func(program, library string) func(task traceTask) (*traceReport, error) {
		return func(task traceTask) (*traceReport, error) {
			if library != "" || program != "" {
				task.Peer = cgoName
			}
			report := new(traceReport)
			_, err := host{program, library}.watch(childTask{Trace: &task}, report)
			return report, err
		}
	}
	for _, peer := range tracePeers(program) {
		add(peer, inGo("", ""))
	}
	for _, peer := range s.native {
		if rebuilt := s.program(cgoRebuild); rebuilt != "" {
			add(cgoPrefix+peer.name[len(nativePrefix):], inGo(rebuilt, peer.library))
		}
	}
	if err := s.measure(row, nanoseconds, min(s.options.repeats, suiteRepeats), subjects); err != nil {
		return err
	}
	for i, sampler := range samplers {
		s.results.add(traceFirst(row), subjects[i].peer, nanoseconds, sampler.first...)
		if len(sampler.resident) > 0 {
			s.results.add(traceResident(row), subjects[i].peer, times, sampler.resident...)
		}
	}
	return nil
}

// A traceSampler plays a trace in a process for each sample, in nanoseconds per operation.
type traceSampler struct {
	program  *trace.Program
	play     func() (*traceReport, error)
	first    []float64 // of the first plays
	resident []float64 // peaks of the resident set as shares of those of the live bytes
}

func (*traceSampler) prepare(time.Duration) error { return nil }
func (*traceSampler) close()                      {}

func (t *traceSampler) sample() (float64, error) {
	report, err := t.play()
	if err != nil {
		return 0, err
	}
	steps := float64(max(t.program.Steps(), 1))
	t.first = append(t.first, float64(report.First)/steps)
	if live := t.program.Counts.PeakLive; rss.Supported && live >= suiteLive && report.PeakResident > 0 {
		t.resident = append(t.resident, float64(report.PeakResident)/float64(live))
	}
	var plays []float64
	for _, ns := range report.Plays {
		plays = append(plays, float64(ns)/steps)
	}
	return stat.Median(slices.Clip(plays)), nil
}
