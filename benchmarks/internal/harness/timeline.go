// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// firstPace is the time between two readings of a process' resident set, at the beginning of a timeline.
const firstPace = 20 * time.Millisecond

// maxReadings is the number of readings at which every second one is dropped.
const maxReadings = 400

// watch reads the resident set of a process again and again, until the caller calls stop, once. stop returns the
// timeline; nil if the resident set cannot be read.
func watch(pid int) (stop func() *result.Timeline) {
	if !rss.Supported {
		return func() *result.Timeline { return nil }
	}
	stopped, seen := make(chan struct{}), make(chan *result.Timeline, 1)
	go func() { seen <- read(pid, stopped) }()
	return func() *result.Timeline {
		close(stopped)
		return <-seen
	}
}

func read(pid int, stopped <-chan struct{}) *result.Timeline {
	t := &result.Timeline{Every: firstPace}
	ticker := time.NewTicker(firstPace)
	defer ticker.Stop()
	for {
		select {
		case <-stopped:
			return t
		case <-ticker.C:
		}
		if current, _, err := rss.Of(pid); err == nil { // else the process has just ended
			addReading(t, current>>10)
		}
		ticker.Reset(t.Every)
	}
}

// addReading appends a reading. A timeline that has become too long continues at half the rate.
func addReading(t *result.Timeline, resident int64) {
	t.Resident = append(t.Resident, resident)
	if len(t.Resident) < maxReadings {
		return
	}
	for i := range len(t.Resident) / 2 {
		t.Resident[i] = t.Resident[2*i+1]
	}
	t.Resident = t.Resident[:len(t.Resident)/2]
	t.Every *= 2
}
