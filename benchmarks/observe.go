package main

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

// An observeTask observes one timed peer of a row in a process of its own, which finds both by their names.
type observeTask struct {
	Row    string        `json:"row"`    // as -run selects it
	Figure string        `json:"figure"` // as results name it
	Peer   string        `json:"peer"`
	Time   time.Duration `json:"time"`   // about that long
	Traced bool          `json:"traced"` // kernel calls are counted, and nothing else is
}

// An observation is under way in the process of an observeTask.
type observation struct {
	task   observeTask
	report *metrics
}

// Times of the observations: of that under a tracer, the other, and of the single operations.
const (
	tracedTime  = 5 * time.Millisecond
	watchedTime = 100 * time.Millisecond
	latencyTime = 150 * time.Millisecond
)

// An observable sampler has its peer observed: by tasks whose reports are metrics, of a process that is watched
// and of one that is traced. It may have none.
type observable interface {
	observers(row, figure, peer string, o *options) *observers
}

type observers struct {
	host
	watched, traced childTask
}

func (t *timedSampler) observers(row, figure, peer string, o *options) *observers {
	if t.anotherClock {
		return nil
	}
	task := observeTask{Row: row, Figure: figure, Peer: peer, Time: o.observed(watchedTime)}
	short := task
	short.Traced, short.Time = true, o.observed(tracedTime)
	return &observers{watched: childTask{Observe: &task}, traced: childTask{Observe: &short}}
}

// observe has a peer's metrics taken in two new processes, if they were asked for.
func (s *session) observe(figure string, subject subject) error {
	sampler, ok := subject.sampler.(observable)
	if !ok || !s.options.metrics {
		return nil
	}
	o := sampler.observers(s.row, figure, subject.peer, s.options)
	if o == nil {
		return nil
	}
	if _, err := s.watched(figure, subject.peer, o.host, o.watched); err != nil {
		return err
	}
	return s.trace(figure, subject.peer, o.host, o.traced)
}

// watched runs a task whose report is metrics, and keeps those.
func (s *session) watched(figure, peer string, h host, task childTask) (*metrics, error) {
	m := s.metrics.of(figure, peer)
	seen, err := h.watch(task, m)
	m.Row, m.Peer = figure, peer // which the task need not know
	if task.Churn != nil {       // others end too soon to be looked at over time
		m.Timeline = seen
	}
	return m, err
}

// trace runs a task again, and keeps what it called the kernel for, if that was asked for.
func (s *session) trace(figure, peer string, h host, task childTask) error {
	if !s.options.metrics || !calls.Supported {
		return nil
	}
	traced := new(metrics)
	switch err := h.trace(task, traced); {
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported):
		s.skip("kernel calls of %s of %s: %v", figure, peer, err)
		return nil
	case err != nil:
		return err
	}
	m := s.metrics.of(figure, peer)
	m.Calls, m.CallOperations = traced.Calls, traced.Operations
	return nil
}

// observed shortens a time of observation where samples are shorter than usual.
func (o *options) observed(d time.Duration) time.Duration {
	return min(d, d*o.duration/defaultSample)
}

// run has the row run as far as to where it would measure its subjects.
func (t *observeTask) run() (*metrics, error) {
	o, err := parseOptions(nil)
	if err != nil {
		return nil, err
	}
	s := newSession(o)
	s.observation = &observation{task: *t}
	for _, r := range rows() {
		if r.name != t.Row {
			continue
		}
		if err := r.run(s); err != nil {
			return nil, err
		}
	}
	if s.observation.report == nil {
		return nil, fmt.Errorf("no peer %s in row %s", t.Peer, t.Row)
	}
	return s.observation.report, nil
}

// take observes the subject that the task names. The others are never set up.
func (o *observation) take(figure string, subjects []subject) error {
	if figure != o.task.Figure {
		return nil
	}
	for _, subject := range subjects {
		if t, ok := subject.sampler.(*timedSampler); ok && subject.peer == o.task.Peer {
			var err error
			o.report, err = t.observe(o.task)
			return err
		}
	}
	return nil
}

// observe sets the workload up and observes it. The process ends afterwards, which frees everything.
func (t *timedSampler) observe(task observeTask) (*metrics, error) {
	base := int64(0)
	if rss.Supported {
		var err error
		if base, _, err = baseline(); err != nil {
			return nil, err
		}
	}
	mappings := usage.Mappings()
	if err := t.prepare(task.Time); err != nil {
		return nil, err
	}
	m := &metrics{Row: task.Figure, Peer: task.Peer, Operations: t.ops, Live: t.live}
	if task.Traced {
		calls.Mark()
		t.run(t.ops)
		calls.Mark()
		return m, nil
	}
	m.Usage = t.used()
	m.Usage.Mappings = usage.Mappings() - mappings
	if rss.Supported {
		if err := m.readMemory(base); err != nil {
			return nil, err
		}
	}
	m.Latency = t.latency(task)
	return m, nil
}

// used runs the operations of a sample and tells what they cost.
func (t *timedSampler) used() usage.Usage {
	meter := usage.Begin()
	t.run(t.ops)
	return meter.End()
}

func (m *metrics) readMemory(base int64) error {
	resident, err := rss.Current()
	if err != nil {
		return err
	}
	peak, err := rss.Peak()
	m.Resident, m.Peak = max(0, resident-base), max(0, peak-base)
	return err
}

// latency times single operations, if the workload has such.
func (t *timedSampler) latency(task observeTask) *latency {
	if len(t.steps) == 0 {
		return nil
	}
	every := latencyEvery
	if task.Time/time.Duration(t.ops) >= longOperation {
		every = 1
	}
	return timeSteps(t.stepName, t.steps, every, task.Time*latencyTime/watchedTime)
}
