package main

import (
	"fmt"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// suiteSections are two of times and two of memory for each group of workloads: peers in Go, and ashlar against
// those in C.
func suiteSections(o *options) (timed, memory []section) {
	groups := []struct {
		name string
		has  func(w *suite.Workload) bool
	}{
		{"Windows", func(w *suite.Workload) bool { return strings.HasPrefix(w.Name, "window") }},
		{"Workloads", func(w *suite.Workload) bool { return !strings.HasPrefix(w.Name, "window") && !w.InRegions }},
		{"Regions", func(w *suite.Workload) bool { return w.InRegions }},
	}
	sides := []struct {
		name string
		has  func(peer string) bool
	}{
		{"peers in Go", func(peer string) bool { return !inC(peer) }},
		{"peers in C, called from Go (cgo) and from C", func(peer string) bool { return inC(peer) || isOurs(peer) }},
	}
	for _, group := range groups {
		for i, side := range sides {
			t := section{
				title: fmt.Sprintf("%s: wall ns for an operation of all goroutines together; %s", group.name, side.name),
				first: "workload, goroutines", pattern: "^suite/", peers: side.has,
			}
			if i == 0 { // once is enough
				t.about = make(map[string]string)
			}
			m := section{title: fmt.Sprintf("%s: peak resident ÷ peak live bytes; %s", group.name, side.name), first: t.first, pattern: t.pattern, peers: side.has, observed: []line{}}
			for _, w := range suite.All() {
				if group.has(w) {
					t.addWorkload(w, o.scale)
					m.addMemory(w)
				}
			}
			timed, memory = append(timed, t), append(memory, m)
		}
	}
	return timed, memory
}

func (s *section) addWorkload(w *suite.Workload, scale float64) {
	if len(w.Goroutines) > 1 {
		row := func(goroutines int) string { return suiteRow(w, goroutines) }
		s.scales = append(s.scales, scaling{w.Name, w.Goroutines, row})
	}
	for _, goroutines := range w.Goroutines {
		l := line{suiteRow(w, goroutines), suiteLabel(w, goroutines)}
		s.lines = append(s.lines, l)
		if s.about != nil {
			s.about[l.row] = fmt.Sprintf("%s: for each %s; %s", l.label, w.Operation, w.Parameters(goroutines, scale))
		}
	}
}

func (s *section) addMemory(w *suite.Workload) {
	for _, goroutines := range w.Goroutines {
		s.lines = append(s.lines, line{suiteResident(suiteRow(w, goroutines)), suiteLabel(w, goroutines)})
	}
}

func suiteLabel(w *suite.Workload, goroutines int) string {
	return fmt.Sprintf("%s, %d", w.Name, goroutines)
}

// inC says whether the peer is a C library.
func inC(peer string) bool {
	return strings.HasPrefix(peer, nativePrefix) || strings.HasPrefix(peer, cgoPrefix)
}
