// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"encoding/json"
	"slices"

	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// A Family is some benchmarks of one kind, with their tables and goals.
type Family struct {
	report.Family
	Benchmarks func(o *Options) []Benchmark
	Derive     func(r *result.Results)             // adds the figures that compare benchmarks; may be nil
	Task       func(arguments []byte) (any, error) // does what Session.Task asks for, in a new process; may be nil
	Alone      func(o *Options) bool               // whether only this family is measured; nil for never
}

// A Benchmark is what -run selects: all peers under one workload with one set of parameters.
type Benchmark struct {
	Name      string
	OnRequest bool                                  // it is measured only if -all or -run asks for it
	Seconds   func(o *Options, natives int) float64 // about how long it takes
	Run       func(s *Session) error
}

// Benchmarks lists the benchmarks of the families in the order in which they are measured.
func Benchmarks(families []Family, o *Options) []Benchmark {
	var all []Benchmark
	for _, f := range families {
		if f.Alone != nil && f.Alone(o) {
			return f.Benchmarks(o)
		}
		all = append(all, f.Benchmarks(o)...)
	}
	return all
}

// Choose lists the benchmarks that the options ask for. A pattern asks for everything that it matches.
func Choose(families []Family, o *Options) []Benchmark {
	alone := slices.ContainsFunc(families, func(f Family) bool { return f.Alone != nil && f.Alone(o) })
	return slices.DeleteFunc(Benchmarks(families, o), func(b Benchmark) bool {
		return !alone && (!o.Run.MatchString(b.Name) || b.OnRequest && !o.All && o.Run.String() == "")
	})
}

// Reports are the parts of the families that the report shows.
func Reports(families []Family) []report.Family {
	var parts []report.Family
	for _, f := range families {
		parts = append(parts, f.Family)
	}
	return parts
}

// TaskOf makes a Family's Task of a function that takes the arguments decoded.
func TaskOf[Arguments, Report any](do func(*Arguments) (Report, error)) func([]byte) (any, error) {
	return func(encoded []byte) (any, error) {
		arguments := new(Arguments)
		if err := json.Unmarshal(encoded, arguments); err != nil {
			return nil, err
		}
		return do(arguments)
	}
}

// TimedSeconds estimates a benchmark of peers that are timed: each is calibrated and warmed up besides its
// samples. A native peer is calibrated again in each of its processes.
func TimedSeconds(peers int, native bool) func(*Options, int) float64 {
	return func(o *Options, natives int) float64 {
		repeats, d := float64(o.Repeats), o.Sample.Seconds()
		seconds := float64(peers) * (repeats*1.2 + 1) * d
		if native {
			seconds += float64(natives) * repeats * 2 * d
		}
		return seconds
	}
}
