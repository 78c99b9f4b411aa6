package main

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// callTimes are the times of single calls of all workers of a play. The zero value has none.
type callTimes struct {
	mutex sync.Mutex
	all   *hdrhistogram.Histogram   // of the workers that are closed
	idle  []*hdrhistogram.Histogram // to be used again: some workloads open and close workers all the time
}

// around has the workers that open gives timed.
func (c *callTimes) around(open func() suite.Worker) func() suite.Worker {
	return func() suite.Worker {
		h := c.get()
		return suite.Timed(open(), latencyEvery, func(d time.Duration) { record(h, d) }, func() { c.put(h) })
	}
}

// playDigits keeps the histograms of many workers small beside their blocks.
const playDigits = 2

func (c *callTimes) get() *hdrhistogram.Histogram {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	n := len(c.idle)
	if n == 0 {
		return hdrhistogram.New(1, latencyLongest, playDigits)
	}
	h := c.idle[n-1]
	c.idle = c.idle[:n-1]
	return h
}

func (c *callTimes) put(h *hdrhistogram.Histogram) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.all == nil {
		c.all = hdrhistogram.New(1, latencyLongest, playDigits)
	}
	c.all.Merge(h)
	h.Reset()
	c.idle = append(c.idle, h)
}

// latency is nil if no call was timed.
func (c *callTimes) latency() *latency {
	if c.all == nil || c.all.TotalCount() == 0 {
		return nil
	}
	l := summarize(c.all)
	l.Operation, l.Every, l.Clock = "one call: allocate, resize or free", latencyEvery, clockCost()
	return l
}
