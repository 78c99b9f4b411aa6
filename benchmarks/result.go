package main

import "github.com/ashlar-go/ashlar/benchmarks/internal/stat"

// The units of results. Times are for one operation.
const (
	nanoseconds  = "ns"
	milliseconds = "ms"
	kibibytes    = "KiB"
	percent      = "%"
	times        = "×"
)

// A result is all that was measured of one peer in one row.
type result struct {
	Row     string    `json:"row"`
	Peer    string    `json:"peer"`
	Unit    string    `json:"unit"`
	Samples []float64 `json:"samples"`
}

func (r *result) summary() stat.Summary { return stat.Summarize(r.Samples) }

// results keeps results in the order in which they were first added.
type results struct{ list []*result }

// add appends samples to the result of the row and peer.
func (r *results) add(row, peer, unit string, samples ...float64) {
	found := r.find(row, peer)
	if found == nil {
		found = &result{Row: row, Peer: peer, Unit: unit}
		r.list = append(r.list, found)
	}
	found.Samples = append(found.Samples, samples...)
}

// find gives nil if nothing was measured of the peer in the row.
func (r *results) find(row, peer string) *result {
	for _, candidate := range r.list {
		if candidate.Row == row && candidate.Peer == peer {
			return candidate
		}
	}
	return nil
}

// median says whether there is a result, too.
func (r *results) median(row, peer string) (float64, bool) {
	found := r.find(row, peer)
	if found == nil || len(found.Samples) == 0 {
		return 0, false
	}
	return found.summary().Median, true
}

// peersOf lists the peers that have a result in any of the rows, in the order of first mention.
func (r *results) peersOf(rows []string) []string {
	var peers []string
	seen := make(map[string]bool)
	for _, row := range rows {
		for _, found := range r.list {
			if found.Row == row && !seen[found.Peer] {
				seen[found.Peer] = true
				peers = append(peers, found.Peer)
			}
		}
	}
	return peers
}
