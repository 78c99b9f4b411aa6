// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"io"
	"time"
)

// progress shows on one line how far a session is. A nil progress shows nothing.
type progress struct {
	out        io.Writer
	clock      Clock
	start      time.Duration
	total      float64 // estimated seconds of all benchmarks
	done       float64 // estimated seconds of the benchmarks that are finished
	benchmarks int
	at         int
}

func newProgress(out io.Writer, clock Clock, benchmarks int, total float64) *progress {
	return &progress{out: out, clock: clock, start: clock(), benchmarks: benchmarks, total: total}
}

// begin shows the benchmark that is measured from now on.
func (p *progress) begin(name string) {
	if p == nil {
		return
	}
	p.at++
	fmt.Fprintf(p.out, "\r\x1b[K[%d/%d] %s, about %s left", p.at, p.benchmarks, name, p.left())
}

// end adds a finished benchmark, estimated to take the seconds.
func (p *progress) end(seconds float64) {
	if p != nil {
		p.done += seconds
	}
}

// clear wipes the line.
func (p *progress) clear() {
	if p != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// left corrects the estimates by how far they were off until now.
func (p *progress) left() time.Duration {
	seconds := p.total - p.done
	if p.done > 0 {
		seconds *= (p.clock() - p.start).Seconds() / p.done
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second)
}
