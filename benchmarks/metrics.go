package main

import (
	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

// metrics are what was observed of one peer in one row besides its times. They come from processes of their
// own, in which nothing else ran: one that was only watched, and one whose kernel calls were counted. A field
// is its zero value where it was not observed.
type metrics struct {
	Row  string `json:"row"`
	Peer string `json:"peer"`

	// Of the watched process.
	Operations int         `json:"operations,omitempty"` // that Usage is of
	Usage      usage.Usage `json:"usage"`
	Live       int64       `json:"live,omitempty"`     // bytes of the blocks that live at once at most
	Resident   int64       `json:"resident,omitempty"` // bytes at the end, beyond what the process began with
	Peak       int64       `json:"peak,omitempty"`     // bytes at most, likewise
	Latency    *latency    `json:"latency,omitempty"`
	Timeline   *timeline   `json:"timeline,omitempty"`

	// Of the traced process.
	Calls          calls.Counts `json:"calls,omitempty"`
	CallOperations int          `json:"call_operations,omitempty"` // that Calls are of
}

// perThousand is a number as one for a thousand of the operations.
func perThousand(n int64, operations int) float64 { return 1000 * float64(n) / float64(operations) }

// A metricsList keeps metrics in the order in which they were first added.
type metricsList []*metrics

// of finds the metrics of the row and peer, and adds them if there are none.
func (l *metricsList) of(row, peer string) *metrics {
	if found := l.find(row, peer); found != nil {
		return found
	}
	added := &metrics{Row: row, Peer: peer}
	*l = append(*l, added)
	return added
}

// find gives nil if nothing was observed of the peer in the row.
func (l metricsList) find(row, peer string) *metrics {
	for _, candidate := range l {
		if candidate.Row == row && candidate.Peer == peer {
			return candidate
		}
	}
	return nil
}

// ofRow lists the metrics of all peers in the row that have what is asked for.
func (l metricsList) ofRow(row string, has func(*metrics) bool) []*metrics {
	var found []*metrics
	for _, candidate := range l {
		if candidate.Row == row && has(candidate) {
			found = append(found, candidate)
		}
	}
	return found
}

func hasLatency(m *metrics) bool  { return m.Latency != nil }
func hasTimeline(m *metrics) bool { return m.Timeline != nil }
func hasUsage(m *metrics) bool    { return m.Operations > 0 || m.Resident > 0 }
