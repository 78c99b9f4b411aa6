// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

// observeFamily is the name of the task of the harness itself.
const observeFamily = "observe"

// An observeTask observes one timed peer of a benchmark in a process of its own, which finds both by their names.
type observeTask struct {
	Benchmark  string        `json:"benchmark"` // as -run selects it
	Figure     string        `json:"figure"`    // as results name it
	Peer       string        `json:"peer"`
	Time       time.Duration `json:"time"`        // about that long
	CountCalls bool          `json:"count_calls"` // the kernel calls are counted, and nothing else is observed
}

// Times of the observations: while kernel calls are counted, otherwise, and of the single operations.
const (
	countedTime = 5 * time.Millisecond
	watchedTime = 100 * time.Millisecond
	latencyTime = 150 * time.Millisecond
)

// An Observable sampler has tasks that observe its peer.
type Observable interface {
	// Observers returns nil if there are none.
	Observers(benchmark, figure, peer string, o *Options) *Observers
}

// Observers are tasks whose reports are Metrics.
type Observers struct {
	Host
	Watched Task // the process is watched
	Counted Task // its kernel calls are counted
}

// Observers observe the workload unless another benchmark has the same.
func (t *Timed) Observers(benchmark, figure, peer string, o *Options) *Observers {
	if t.AnotherClock {
		return nil
	}
	task := observeTask{Benchmark: benchmark, Figure: figure, Peer: peer, Time: o.observed(watchedTime)}
	short := task
	short.CountCalls, short.Time = true, o.observed(countedTime)
	return &Observers{Watched: Task{observeFamily, task}, Counted: Task{observeFamily, short}}
}

// observeAll takes the metrics of the contenders, one by one.
func (s *Session) observeAll(figure string, contenders []Contender) error {
	for _, c := range contenders {
		if err := s.Observe(figure, c); err != nil {
			return fmt.Errorf("metrics of %s of %s: %w", figure, c.Peer, err)
		}
	}
	return nil
}

// Observe takes a peer's metrics in two new processes, if they were asked for.
func (s *Session) Observe(figure string, c Contender) error {
	sampler, ok := c.Sampler.(Observable)
	if !ok || !s.Options.Metrics {
		return nil
	}
	o := sampler.Observers(s.benchmark, figure, c.Peer, s.Options)
	if o == nil {
		return nil
	}
	if _, _, err := s.Watch(figure, c.Peer, o.Host, o.Watched); err != nil {
		return err
	}
	return s.CountCalls(figure, c.Peer, o.Host, o.Counted)
}

// Watch runs a task whose report is Metrics, and keeps those. It returns also the resident set over time.
func (s *Session) Watch(figure, peer string, h Host, task Task) (*result.Metrics, *result.Timeline, error) {
	m := s.Metrics.Of(figure, peer)
	seen, err := h.Do(task, m)
	m.Benchmark, m.Peer = figure, peer // which the task need not know
	return m, seen, err
}

// CountCalls runs a task again and keeps its calls into the kernel, if metrics were asked for.
func (s *Session) CountCalls(figure, peer string, h Host, task Task) error {
	if !s.Options.Metrics || !calls.Supported {
		return nil
	}
	counted := new(result.Metrics)
	switch err := h.countCalls(task, counted); {
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported):
		s.Skip("kernel calls of %s of %s: %v", figure, peer, err)
		return nil
	case err != nil:
		return err
	}
	m := s.Metrics.Of(figure, peer)
	m.Calls, m.CallOperations = counted.Calls, counted.Operations
	return nil
}

// run runs the benchmark up to where it would measure its contenders.
func (t *observeTask) run(families []Family) (*result.Metrics, error) {
	var observed *result.Metrics
	err := Intercept(families, t.Benchmark, func(figure string, contenders []Contender) (err error) {
		if figure != t.Figure {
			return nil
		}
		for _, c := range contenders { // those of the other peers are never set up
			if timed, ok := c.Sampler.(*Timed); ok && c.Peer == t.Peer {
				observed, err = timed.observe(t)
				return err
			}
		}
		return nil
	})
	if err == nil && observed == nil {
		err = fmt.Errorf("no peer %s in the benchmark %s", t.Peer, t.Benchmark)
	}
	return observed, err
}

// Intercept runs the benchmark of the name, if there is one, and calls f instead of measuring its contenders.
func Intercept(families []Family, benchmark string, f func(figure string, contenders []Contender) error) error {
	s := NewSession(Defaults(), families)
	s.intercept = f
	for _, b := range Benchmarks(families, s.Options) {
		if b.Name != benchmark {
			continue
		}
		if err := b.Run(s); err != nil {
			return err
		}
	}
	return nil
}

// observe sets the workload up and observes it. The process ends afterwards, which frees everything.
func (t *Timed) observe(task *observeTask) (*result.Metrics, error) {
	base := int64(0)
	if rss.Supported {
		var err error
		if base, _, err = Baseline(); err != nil {
			return nil, err
		}
	}
	mappings := usage.Mappings()
	if err := t.Prepare(task.Time); err != nil {
		return nil, err
	}
	m := &result.Metrics{Benchmark: task.Figure, Peer: task.Peer, Operations: t.ops, Live: t.workload.Live}
	if task.CountCalls {
		calls.Mark()
		t.workload.Run(t.ops)
		calls.Mark()
		return m, nil
	}
	m.Usage = t.used()
	m.Usage.Mappings = usage.Mappings() - mappings
	if rss.Supported {
		if err := ReadMemory(m, base); err != nil {
			return nil, err
		}
	}
	m.Latency = t.latency(task)
	return m, nil
}

// used runs the operations of a sample and returns what they cost.
func (t *Timed) used() usage.Usage {
	meter := usage.Begin()
	t.workload.Run(t.ops)
	return meter.End()
}

// latency times single operations, if the workload has steps.
func (t *Timed) latency(task *observeTask) *result.Latency {
	if len(t.workload.Steps) == 0 {
		return nil
	}
	every := LatencyEvery
	if task.Time/time.Duration(t.ops) >= longOperation {
		every = 1
	}
	return timeSteps(t.workload.StepName, t.workload.Steps, every, task.Time*latencyTime/watchedTime)
}
