package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

const (
	// suiteRepeats bounds the repeats of the suite's rows, each of which takes some tenths of a second.
	suiteRepeats = 5
	// suiteLive is the least peak of live bytes, of which the resident set is told as a multiple: below, it is more the
	// runtime's own, which is about 1 MiB.
	suiteLive = 2 << 20
	// cgoPrefix begins the names of C peers that are called from Go.
	cgoPrefix = "cgo:"
)

func suiteRow(w *suite.Workload, goroutines int) string {
	return fmt.Sprintf("suite/%s/goroutines=%d", w.Name, goroutines)
}

// suiteResident is the row of the peak of the resident set as a share of that of the live bytes.
func suiteResident(row string) string { return row + "/peak-rss-to-live" }

// suiteRows are the workloads of internal/suite. They are measured on request.
func suiteRows() []row {
	var rows []row
	for _, w := range suite.All() {
		for _, goroutines := range w.Goroutines {
			rows = append(rows, row{
				name:  suiteRow(w, goroutines),
				extra: true,
				seconds: func(o *options, natives int) float64 {
					peers := float64(len(suitePeers(w, goroutines)) + 2*natives)
					return peers * float64(min(o.repeats, suiteRepeats)) * (0.02 + 0.4*o.scale)
				},
				run: func(s *session) error { return s.measureSuite(w, goroutines) },
			})
		}
	}
	return rows
}

// suitePeers names the peers and regions of this build that are fit for the workload.
func suitePeers(w *suite.Workload, goroutines int) []string {
	var names []string
	if w.InRegions {
		for _, kind := range regionKinds() {
			names = append(names, kind.name)
		}
	}
	for _, kind := range fitKinds(goroutines, w.Most, w.Largest) {
		// The collector would not see what objects in regions refer to.
		if !w.InRegions || !kind.heap && kind.most == 0 {
			names = append(names, kind.name)
		}
	}
	return names
}

// fitKinds are the peers that can do a workload of so many goroutines and live blocks, with blocks of so many bytes at
// most, and of which no two are the same in it.
func fitKinds(goroutines, most, largest int) []peerKind {
	candidates := kindsNamed(ashlarName, ashlarLocalName, moderncName, lockedName, makeName, poolsName, chunksName, naiveName)
	return slices.DeleteFunc(append(candidates, memorymanagerKinds...), func(kind peerKind) bool {
		switch {
		case kind.shared == (goroutines == 1) && (kind.name == moderncName || kind.name == lockedName):
			return true // the mutex is there if and only if it is needed
		case kind.most > 0 && most > kind.most:
			return true
		}
		return kind.size > 0 && largest > kind.size || largest < kind.least
	})
}

func (s *session) measureSuite(w *suite.Workload, goroutines int) error {
	row := suiteRow(w, goroutines)
	var subjects []subject
	var samplers []*suiteSampler
	add := func(name string, sampler *suiteSampler) {
		samplers = append(samplers, sampler)
		subjects = append(subjects, subject{name, sampler})
	}
	task := suiteTask{Workload: w.Name, Goroutines: goroutines, Scale: s.options.scale}
	for _, name := range suitePeers(w, goroutines) {
		add(name, playGo(host{}, task, name))
	}
	if w.InRegions {
		if program := s.program(arenasRebuild); program != "" {
			add(experimentName, playGo(host{program: program}, task, experimentName))
		}
	}
	for _, peer := range s.native {
		if program := s.program(cgoRebuild); program != "" {
			add(cgoPrefix+peer.name[len(nativePrefix):], playGo(host{program, peer.library}, task, cgoName))
		}
		if !onlyInGo[w.Name] {
			add(peer.name, &suiteSampler{play: func() (*suiteReport, error) { return peer.play(task) }})
		}
	}
	if err := s.measure(row, nanoseconds, min(s.options.repeats, suiteRepeats), subjects); err != nil {
		return err
	}
	for i, sampler := range samplers {
		if len(sampler.resident) > 0 {
			s.results.add(suiteResident(row), subjects[i].peer, times, sampler.resident...)
		}
	}
	return nil
}

// A suiteSampler plays a workload once for each sample, in nanoseconds per operation.
type suiteSampler struct {
	play     func() (*suiteReport, error)
	observed *observers // nil in C
	resident []float64  // peaks of the resident set as shares of those of the live bytes
}

func (p *suiteSampler) observers(string, string, string, *options) *observers { return p.observed }

func (*suiteSampler) prepare(time.Duration) error { return nil }
func (*suiteSampler) close()                      {}

func (p *suiteSampler) sample() (float64, error) {
	report, err := p.play()
	if err != nil {
		return 0, err
	}
	if rss.Supported && report.PeakLive >= suiteLive {
		p.resident = append(p.resident, float64(report.PeakResident)/float64(report.PeakLive))
	}
	return float64(report.Nanoseconds) / float64(report.Operations), nil
}

// playGo plays in a child process: of this program, or of a rebuilt one, with a library preloaded or not.
func playGo(h host, task suiteTask, peer string) *suiteSampler {
	task.Peer = peer
	child := childTask{Suite: &task}
	play := func() (*suiteReport, error) {
		report := new(suiteReport)
		_, err := h.watch(child, report)
		return report, err
	}
	timed := task
	timed.Timed = true
	return &suiteSampler{play: play, observed: &observers{h, childTask{Suite: &timed}, child}}
}

// play runs the same workload in C.
func (p nativePeer) play(task suiteTask) (*suiteReport, error) {
	output, err := p.output("suite", task.Workload, fmt.Sprint(task.Goroutines), fmt.Sprint(task.Scale))
	if err != nil {
		return nil, err
	}
	report := new(suiteReport)
	return report, json.Unmarshal(output, report)
}

// onlyInGo names the workloads that the C programs lack.
var onlyInGo = map[string]bool{"queue": true, "documents": true, "memtables": true}
