// SPDX-License-Identifier: Apache-2.0

package family

import (
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// minPeak is the smallest peak of live bytes that the resident set is divided by. Below it, most of the
// resident set is the runtime's own, which is about 1 MiB.
const minPeak = 2 << 20

// A sample is what one process measured: nanoseconds for each operation, and memory.
type sample struct {
	time         float64
	first        float64 // in memory that was new; 0 if that is not told apart
	peakLive     int64   // bytes
	peakResident int64   // bytes above what the process had before the first block; 0 if unknown
}

// A process is a sampler that takes each sample in a process of its own.
type process struct {
	do       func() (*sample, error)
	observed *harness.Observers // nil if the process cannot be observed
	first    []float64
	resident []float64 // peaks of the resident set ÷ those of the live bytes
}

func (*process) Prepare(time.Duration) error { return nil }
func (*process) Close()                      {}

func (p *process) Observers(string, string, string, *harness.Options) *harness.Observers {
	return p.observed
}

func (p *process) Sample() (float64, error) {
	s, err := p.do()
	if err != nil {
		return 0, err
	}
	if s.first > 0 {
		p.first = append(p.first, s.first)
	}
	if rss.Supported && s.peakLive >= minPeak && s.peakResident > 0 {
		p.resident = append(p.resident, float64(s.peakResident)/float64(s.peakLive))
	}
	return s.time, nil
}

// processes are the contenders of one benchmark.
type processes struct {
	peers    []string
	samplers []*process
}

func (p *processes) add(peer string, sampler *process) {
	p.peers, p.samplers = append(p.peers, peer), append(p.samplers, sampler)
}

// measure measures the benchmark. Besides the times it records the peaks of memory, and the times in new
// memory.
func (p *processes) measure(s *harness.Session, benchmark string) error {
	var contenders []harness.Contender
	for i, sampler := range p.samplers {
		contenders = append(contenders, harness.Contender{Peer: p.peers[i], Sampler: sampler})
	}
	if err := s.Measure(benchmark, result.Nanoseconds, min(s.Options.Repeats, suiteRepeats), contenders); err != nil {
		return err
	}
	for i, sampler := range p.samplers {
		if len(sampler.first) > 0 {
			s.Results.Add(firstName(benchmark), p.peers[i], result.Nanoseconds, sampler.first...)
		}
		if len(sampler.resident) > 0 {
			s.Results.Add(peakName(benchmark), p.peers[i], result.Times, sampler.resident...)
		}
	}
	return nil
}
