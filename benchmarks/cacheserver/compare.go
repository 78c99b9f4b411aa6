// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/load"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/server"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/store"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/versus"
)

// heapForm is the name of the store on the Go heap.
var heapForm = store.Names[1]

// A comparison has the results of the runs of both forms.
type comparison struct {
	figures versus.Comparison
	runs    []run
	refused string // what a server said when it refused a set
}

// A run is the figures of one server's life.
type run struct {
	Form    string             `json:"form"`
	Figures map[string]float64 `json:"figures"`
}

// The figures that have goals.
const (
	figureP999     = "p99.9, ms"
	figureGC       = "GC processor time, s"
	figureResident = "resident under load, MiB"
	figurePeak     = "peak resident, MiB"
)

// compare runs both forms in turn.
func compare(ctx context.Context, o *options, program string) (*comparison, error) {
	c := new(comparison)
	err := c.figures.Run(o.repeats, func(peer int) error {
		if err := c.measure(ctx, o, program, peer); err != nil {
			return fmt.Errorf("%s: %w", store.Names[peer], err)
		}
		return nil
	})
	return c, err
}

// measure starts a server, loads it, and stops it.
func (c *comparison) measure(ctx context.Context, o *options, program string, peer int) (err error) {
	p, err := begin(ctx, program, store.Names[peer], o)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.kill())
		}
	}()
	r := run{Form: store.Names[peer], Figures: map[string]float64{}}
	add := func(figure string, value float64) {
		c.figures.Add(peer, figure, value)
		r.Figures[figure] = value
	}
	if err := c.fill(ctx, o, p); err != nil {
		return err
	}
	if err := c.load(ctx, o, p, add); err != nil {
		return err
	}
	if err := c.flood(ctx, o, p, add); err != nil {
		return err
	}
	if rss.Supported {
		_, peak, err := rss.Of(p.command.Process.Pid)
		if err != nil {
			return err
		}
		add(figurePeak, mib(float64(peak)))
	}
	f, err := p.end()
	if err != nil {
		return err
	}
	add("forced collection, ms", 1e3*f.Collection)
	c.figures.AddProcessorTime(peer, p.command)
	c.runs = append(c.runs, r)
	return nil
}

func mib(bytes float64) float64 { return bytes / (1 << 20) }

// fill sets every key.
func (c *comparison) fill(ctx context.Context, o *options, p *process) error {
	l := o.load
	l.Address, l.Rate, l.Window, l.Warmup, l.Duration = p.address, 0, o.depth, 0, math.MaxInt64
	l.Source = o.mix.Fill(l.Connections)
	result, err := l.Run(ctx)
	if err == nil && result.Refused > 0 {
		c.refused = result.FirstRefusal
	}
	return err
}

// load sends operations at the fixed rate.
func (c *comparison) load(ctx context.Context, o *options, p *process, add func(string, float64)) error {
	l := o.load
	l.Address, l.Source = p.address, o.mix.Source
	watched := watch(p, l.Warmup, l.Warmup+l.Duration)
	thefts, end := new(stolen), make(chan struct{})
	go thefts.watch(end)
	result, err := l.Run(ctx)
	w := watched()
	close(end)
	if err = errors.Join(err, w.err); err != nil {
		return err
	}
	if result.Refused > 0 {
		c.refused = result.FirstRefusal
	}
	h := result.Latency
	add("operations/s, asked for", l.Rate)
	add("operations/s, answered", float64(result.Operations())/result.Seconds)
	add("gets that hit, %", 100*float64(result.Hits)/float64(max(result.Gets, 1)))
	add("p50, ms", ms(h.ValueAtQuantile(50)))
	add("p99, ms", ms(h.ValueAtQuantile(99)))
	add(figureP999, ms(h.ValueAtQuantile(99.9)))
	add("p99.99, ms", ms(h.ValueAtQuantile(99.99)))
	addSeconds(p, thefts, result, add)
	add("max, ms", ms(h.Max()))
	gc := w.change(server.InfoGCSeconds)
	add("collections", w.change(server.InfoCycles))
	add(figureGC, gc)
	add("GC processor time since the start, s", w.last[server.InfoGCSeconds])
	add("GC, % of the processors", 100*gc/(w.seconds*max(w.last[server.InfoProcessors], 1)))
	add("keys, millions", w.last[server.InfoKeys]/1e6)
	add("keys and values, MiB", mib(w.last[server.InfoBytes]))
	add("objects on the Go heap, MiB", mib(w.last[server.InfoGoHeap]))
	if rss.Supported {
		add(figureResident, mib(w.resident))
	}
	return nil
}

// addSeconds adds the figures of the seconds in which the server's collector ran, beside those of
// the others; and both once more of the seconds in which the host stole no time from this machine. If the
// collector never ran, the figures of the seconds that collect are those of all seconds.
func addSeconds(p *process, thefts *stolen, result *load.Result, add func(string, float64)) {
	all, undisturbed := newSeconds(), newSeconds()
	for i, h := range result.Each {
		from := result.Begin.Add(time.Duration(i) * time.Second)
		to := from.Add(time.Second)
		collects := p.gc.during(interval{from.Sub(p.started), to.Sub(p.started)})
		all.add(h, collects)
		if thefts.none(from, to) {
			undisturbed.add(h, collects)
		}
	}
	add("seconds that collect", float64(all.busySeconds))
	all.report("", add)
	add("undisturbed seconds", float64(undisturbed.seconds))
	add("undisturbed seconds that collect", float64(undisturbed.busySeconds))
	undisturbed.report("undisturbed ", add)
}

// seconds are the latencies of the seconds in which the collector ran, and of the others.
type seconds struct {
	busy, calm           *hdrhistogram.Histogram
	busySeconds, seconds int
}

func newSeconds() *seconds { return &seconds{busy: load.NewHistogram(), calm: load.NewHistogram()} }

func (s *seconds) add(h *hdrhistogram.Histogram, collects bool) {
	s.seconds++
	if collects {
		s.busySeconds++
		s.busy.Merge(h)
	} else {
		s.calm.Merge(h)
	}
}

// busyFigure names the p99.9 of the seconds that collect. That of all kinds of them has a goal.
func busyFigure(kind string) string { return "p99.9 of " + kind + "seconds that collect, ms" }

// report adds the figures. kind begins their names.
func (s *seconds) report(kind string, add func(string, float64)) {
	busy := s.busy
	if s.busySeconds == 0 {
		busy = s.calm
	}
	if busy.TotalCount() > 0 {
		add(busyFigure(kind), ms(busy.ValueAtQuantile(99.9)))
	}
	if s.calm.TotalCount() > 0 {
		add("p99.9 of the other "+kind+"seconds, ms", ms(s.calm.ValueAtQuantile(99.9)))
	}
}

func ms(nanoseconds int64) float64 { return float64(nanoseconds) / float64(time.Millisecond) }

// flood sends operations as fast as answers come back.
func (c *comparison) flood(ctx context.Context, o *options, p *process, add func(string, float64)) error {
	l := o.load
	l.Address, l.Rate, l.Window, l.Warmup, l.Duration = p.address, 0, o.depth, 0, o.flood
	l.Source = o.mix.Source
	result, err := l.Run(ctx)
	if err != nil {
		return err
	}
	add("operations/s, at most", float64(result.Operations())/result.Seconds)
	return nil
}
