package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/machine"
)

// A session is one run of the program.
type session struct {
	options  *options
	machine  machine.Description
	ended    time.Time  // the run
	chosen   string     // the expression that rows were selected by
	random   *rand.Rand // shuffles the order of the peers
	native   []nativePeer
	rebuilt  map[string]string // programs by the names of their builds; empty where that failed
	row      string            // under measurement, as -run selects it
	results  results
	metrics  metricsList
	progress *progress
	traced   []tracedLoad
	skipped  []string // what was not measured, and why

	observation *observation // instead of measuring; nil but in a process of its own
}

func newSession(o *options) *session {
	return &session{options: o, chosen: o.run.String(), machine: machine.Describe(), random: rand.New(rand.NewPCG(5, 6))}
}

// A subject is one peer in one row.
type subject struct {
	peer string
	sampler
}

// measure takes the samples of a row. Each repeat measures all peers, in a new random order, so that
// a disturbance of the machine hits all of them alike and none always follows the same other one.
func (s *session) measure(row, unit string, repeats int, subjects []subject) error {
	if s.observation != nil {
		return s.observation.take(row, subjects)
	}
	for _, subject := range subjects {
		defer subject.close()
		if err := subject.prepare(s.options.duration); err != nil {
			return fmt.Errorf("%s of %s: %w", row, subject.peer, err)
		}
		s.results.add(row, subject.peer, unit)
	}
	for range repeats {
		for _, i := range s.random.Perm(len(subjects)) {
			sample, err := subjects[i].sample()
			if err != nil {
				return fmt.Errorf("%s of %s: %w", row, subjects[i].peer, err)
			}
			s.results.add(row, subjects[i].peer, unit, sample)
		}
	}
	return s.observeAll(row, subjects)
}

// observeAll takes the metrics of the subjects, one by one.
func (s *session) observeAll(row string, subjects []subject) error {
	for _, subject := range subjects {
		if err := s.observe(row, subject); err != nil {
			return fmt.Errorf("metrics of %s of %s: %w", row, subject.peer, err)
		}
	}
	return nil
}

// skip notes what is missing from the tables.
func (s *session) skip(format string, arguments ...any) {
	s.skipped = append(s.skipped, fmt.Sprintf(format, arguments...))
}
