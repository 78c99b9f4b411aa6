// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

func TestLatencyQuantiles(t *testing.T) {
	h := NewHistogram()
	for i := range 1000 {
		Record(h, time.Duration(i+1))
	}
	Record(h, time.Hour) // longer than the longest that is recorded
	l := Summarize(h)
	if l.Count != 1001 || l.Max < LatencyLongest {
		t.Errorf("%d operations, the longest %d ns", l.Count, l.Max)
	}
	for q, want := range map[float64]int64{0: 1, 0.5: 501, 0.9: 901, 0.99: 991} {
		got, ok := l.At(q)
		if diff := got - want; !ok || diff < -2 || diff > 2 {
			t.Errorf("quantile %v is %d, %v, want %d", q, got, ok, want)
		}
	}
	if _, ok := l.At(0.9999); ok {
		t.Error("a thousand operations have one of ten thousand")
	}
	for i := range l.Quantiles[1:] {
		if a, b := l.Quantiles[i], l.Quantiles[i+1]; a.Q >= b.Q || a.Time > b.Time {
			t.Errorf("quantiles %v and %v do not ascend", a, b)
		}
	}
}

func TestStepsAreTimed(t *testing.T) {
	var done [3]atomic.Int64
	var steps []Step
	for i := range done {
		steps = append(steps, func() { done[i].Add(1) })
	}
	const every = 5
	l := timeSteps("nothing", steps, every, time.Millisecond)
	all := int64(0)
	for i := range done {
		if done[i].Load() == 0 {
			t.Errorf("step %d did not run", i)
		}
		all += done[i].Load()
	}
	if l.Count*every != all || l.Operation != "nothing" || l.Every != every || l.Clock <= 0 {
		t.Errorf("%d operations were done, and %+v reported", all, l)
	}
}

func TestTimelineKeepsItsSpan(t *testing.T) {
	const looks = 3 * maxReadings
	line := &result.Timeline{Every: firstPace}
	last := time.Duration(0) // of the last reading
	for now := time.Duration(0); now < looks*firstPace; {
		now += line.Every
		last = now
		addReading(line, int64(now/firstPace))
	}
	if n := len(line.Resident); n >= maxReadings || n < maxReadings/4 {
		t.Errorf("%d readings are kept", n)
	}
	for i, value := range line.Resident {
		if want := int64(time.Duration(i+1) * line.Every / firstPace); value != want {
			t.Fatalf("reading %d is from %d, want %d", i, value, want)
		}
	}
	if end := time.Duration(len(line.Resident)) * line.Every; end < last-line.Every || end > last {
		t.Errorf("the timeline ends at %v, and the process at %v", end, last)
	}
}
