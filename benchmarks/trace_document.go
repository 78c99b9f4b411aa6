package main

import "github.com/ashlar-go/ashlar/benchmarks/trace"

// traceNames are the traces that were replayed, for the document.
func (s *session) traceNames() []string {
	var names []string
	for _, l := range s.traced {
		names = append(names, l.name)
	}
	return names
}

// loadTraces loads traces that were replayed before: their tables are made of them. One that is not there any
// more lacks its own.
func (s *session) loadTraces(names []string) {
	for _, name := range names {
		program, survey, err := trace.LoadFile(name)
		if err != nil {
			s.skip("the tables of the trace %s: %v", name, err)
			continue
		}
		s.traced = append(s.traced, tracedLoad{name, program, survey})
	}
}
