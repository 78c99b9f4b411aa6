// SPDX-License-Identifier: Apache-2.0

package family

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// callTimes are the times of single calls of all handles of a run. The zero value has none.
type callTimes struct {
	mutex sync.Mutex
	all   *hdrhistogram.Histogram   // of the handles that are closed
	idle  []*hdrhistogram.Histogram // to be used again: some workloads open and close handles all the time
}

// around times the handles that open makes.
func (c *callTimes) around(open func() suite.Handle) func() suite.Handle {
	return func() suite.Handle {
		h := c.get()
		return suite.Timed(open(), harness.LatencyEvery, func(d time.Duration) { harness.Record(h, d) }, func() { c.put(h) })
	}
}

// runDigits keeps the histograms of many handles small beside their blocks.
const runDigits = 2

func (c *callTimes) get() *hdrhistogram.Histogram {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	n := len(c.idle)
	if n == 0 {
		return hdrhistogram.New(1, harness.LatencyLongest, runDigits)
	}
	h := c.idle[n-1]
	c.idle = c.idle[:n-1]
	return h
}

func (c *callTimes) put(h *hdrhistogram.Histogram) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.all == nil {
		c.all = hdrhistogram.New(1, harness.LatencyLongest, runDigits)
	}
	c.all.Merge(h)
	h.Reset()
	c.idle = append(c.idle, h)
}

// latency is nil if no call was timed.
func (c *callTimes) latency() *result.Latency {
	if c.all == nil || c.all.TotalCount() == 0 {
		return nil
	}
	l := harness.Summarize(c.all)
	l.Operation, l.Every, l.Clock = "one call: allocate, resize or free", harness.LatencyEvery, harness.ClockCost()
	return l
}
