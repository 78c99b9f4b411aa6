package main

import (
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// A timeline is the resident set of a process over time.
type timeline struct {
	Every    time.Duration `json:"every"`    // between two looks
	Resident []int64       `json:"resident"` // KiB
}

// glance is the time between two looks at a process' resident set, at the beginning of a timeline.
const glance = 20 * time.Millisecond

// longestTimeline is the number of looks at which every second one is dropped.
const longestTimeline = 400

// watch looks at the resident set of a process until told to stop, and then gives what it saw. What it
// returns may be called once. It is nil where the resident set cannot be read.
func watch(pid int) (stop func() *timeline) {
	if !rss.Supported {
		return func() *timeline { return nil }
	}
	stopped, seen := make(chan struct{}), make(chan *timeline, 1)
	go func() { seen <- look(pid, stopped) }()
	return func() *timeline {
		close(stopped)
		return <-seen
	}
}

func look(pid int, stopped <-chan struct{}) *timeline {
	t := &timeline{Every: glance}
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	for {
		select {
		case <-stopped:
			return t
		case <-ticker.C:
		}
		if current, _, err := rss.Of(pid); err == nil { // else the process has just ended
			t.add(current >> 10)
		}
		ticker.Reset(t.Every)
	}
}

// add appends a look. A timeline that has become too long goes on at half the pace.
func (t *timeline) add(resident int64) {
	t.Resident = append(t.Resident, resident)
	if len(t.Resident) < longestTimeline {
		return
	}
	for i := range len(t.Resident) / 2 {
		t.Resident[i] = t.Resident[2*i+1]
	}
	t.Resident = t.Resident[:len(t.Resident)/2]
	t.Every *= 2
}
