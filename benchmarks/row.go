package main

import (
	"regexp"
	"slices"
)

// A row is what -run selects: all peers under one workload with one set of parameters.
type row struct {
	name    string
	extra   bool                                  // measured only if asked for
	seconds func(o *options, natives int) float64 // about how long it takes
	run     func(s *session) error
}

// rows lists all rows but those of the suite in the order in which they are measured.
func rows() []row {
	var all []row
	all = append(all, pairRows()...)
	all = append(all, batchRows()...)
	all = append(all, parallelRows()...)
	all = append(all, remoteRows()...)
	all = append(all, growRows()...)
	all = append(all, liveRows()...)
	return append(all, churnRows()...)
}

// allRows are these, the suite's and those of traces.
func allRows(o *options) []row { return slices.Concat(rows(), suiteRows(), traceRows(o)) }

// chosenRows are those that the options ask for. A pattern asks for all that it matches.
func chosenRows(o *options) []row {
	if len(o.traces) > 0 {
		return traceRows(o)
	}
	chosen := selected(allRows(o), o.run)
	if o.all || o.list || o.run.String() != "" {
		return chosen
	}
	return slices.DeleteFunc(chosen, func(r row) bool { return r.extra })
}

// selected keeps the rows whose name the pattern matches.
func selected(all []row, pattern *regexp.Regexp) []row {
	var kept []row
	for _, r := range all {
		if pattern.MatchString(r.name) {
			kept = append(kept, r)
		}
	}
	return kept
}

// timedSeconds estimates a row of peers that are timed: each is calibrated and warmed up besides its
// samples. A native peer is calibrated anew in each of its processes.
func timedSeconds(peers int, native bool) func(*options, int) float64 {
	return func(o *options, natives int) float64 {
		repeats, d := float64(o.repeats), o.duration.Seconds()
		seconds := float64(peers) * (repeats*1.2 + 1) * d
		if native {
			seconds += float64(natives) * repeats * 2 * d
		}
		return seconds
	}
}

// timedSubjects makes a subject of each kind of peer.
func timedSubjects(kinds []peerKind, unit int, clock clock, open func(peerKind) workload) []subject {
	subjects := make([]subject, len(kinds))
	for i, kind := range kinds {
		subjects[i] = subject{kind.name, &timedSampler{
			open: func() workload { return open(kind) }, clock: clock, unit: unit, litter: kind.litter,
		}}
	}
	return subjects
}
