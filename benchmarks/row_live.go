package main

import (
	"fmt"

	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// liveSizes are the sizes of the live blocks, in bytes.
var liveSizes = []int{64, 16}

// The metrics of the live rows.
func liveMetric(size int, metric string) string { return fmt.Sprintf("live/size=%d/%s", size, metric) }

const (
	residentMetric = "rss-to-live"
	heapMetric     = "go-heap"
	gcNoneMetric   = "gc-none"
	gcLiveMetric   = "gc-live"
	gcRatioMetric  = "gc-live-to-none"
	leftMetric     = "left"  // followed by the order
	backMetric     = "back"  // followed by the order
	decayMetric    = "decay" // followed by the order
)

// freeOrders name the orders in which the live blocks are freed.
var freeOrders = []string{"fifo", "random"}

func inFreeOrder(metric, order string) string { return metric + "/order=" + order }

// liveRows has ashlar free in both orders, with Trim and without. The peers do so once: what their
// users learn from the other variants is beside the point here.
func liveRows() []row {
	var rows []row
	for _, size := range liveSizes {
		for _, order := range freeOrders {
			for _, trim := range []bool{true, false} {
				rows = append(rows, liveRow(liveTask{Peer: ashlarName, Size: size, Random: order == "random", Trim: trim}))
			}
		}
		for _, peer := range []string{moderncName, makeName} {
			rows = append(rows, liveRow(liveTask{Peer: peer, Size: size, Trim: true}))
		}
	}
	return rows
}

func liveRow(task liveTask) row {
	return row{
		name:    fmt.Sprintf("live/size=%d/peer=%s/order=%s/end=%s", task.Size, task.Peer, task.order(), task.end()),
		seconds: func(o *options, _ int) float64 { return float64(o.memoryRepeats) * float64(o.liveBlocks) * 2.5e-7 },
		run:     func(s *session) error { return s.measureLive(task) },
	}
}

// liveFigure is what the metrics of a live row are under.
func liveFigure(t liveTask) string {
	return liveMetric(t.Size, fmt.Sprintf("order=%s/end=%s", t.order(), t.end()))
}

func (t *liveTask) end() string {
	if t.Trim {
		return "trim"
	}
	return "decay"
}

func (t *liveTask) order() string {
	if t.Random {
		return freeOrders[1]
	}
	return freeOrders[0]
}

func (s *session) measureLive(task liveTask) error {
	if !rss.Supported || !mapSupported {
		s.skip("the live rows: the resident set cannot be read on this system")
		return nil
	}
	task.Blocks, task.Wait = s.options.liveBlocks, s.options.decayWait
	for range s.options.memoryRepeats {
		var report liveReport
		seen, err := host{}.watch(childTask{Live: &task}, &report)
		if err != nil {
			return err
		}
		s.addLive(task, report)
		m := s.metrics.of(liveFigure(task), task.Peer)
		m.Live, m.Resident, m.Peak = int64(task.Size)*int64(task.Blocks), report.Resident, report.Peak
		m.Usage.Mappings, m.Timeline = report.Mappings, seen
	}
	return nil
}

// addLive records the metrics that the report has.
func (s *session) addLive(t liveTask, report liveReport) {
	live := float64(t.Size) * float64(t.Blocks)
	add := func(metric, unit string, samples ...float64) {
		s.results.add(liveMetric(t.Size, metric), t.Peer, unit, samples...)
	}
	add(residentMetric, times, float64(report.Resident)/live)
	add(heapMetric, kibibytes, float64(report.HeapAlloc)/(1<<10))
	add(gcNoneMetric, milliseconds, report.GCNone)
	add(gcLiveMetric, milliseconds, report.GCLive)
	if t.Trim {
		add(inFreeOrder(backMetric, t.order()), percent, 100*(1-float64(report.Left)/live))
	} else {
		add(inFreeOrder(decayMetric, t.order()), milliseconds, report.Decay)
		add(inFreeOrder(leftMetric, t.order()), percent, 100*(1-float64(report.Left)/live))
	}
}

// deriveLive compares the collector's time with and without live blocks.
func (r *results) deriveLive() {
	for _, size := range liveSizes {
		r.deriveRatio(liveMetric(size, gcRatioMetric), liveMetric(size, gcLiveMetric), liveMetric(size, gcNoneMetric))
	}
}
