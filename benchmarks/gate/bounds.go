package main

import (
	"fmt"
	"math"
	"slices"
)

// A bound is the least or the most that a ratio of two medians of a row may be.
type bound struct {
	row          string // of the benchmarks
	above, below string // peers: the ratio is above's median ÷ below's
	least, most  float64
}

const (
	ours   = "ashlar"
	locals = "ashlar-local"
)

// bounds are of times, and of memory where the row has no peers: below is empty then.
var bounds = []bound{
	{row: "pair/size=64", above: "make", below: ours, least: 1},
	{row: "pair/size=64", above: ours, below: "modernc", most: 4},
	{row: "pair/size=64", above: locals, below: "modernc", most: 2.5},
	{row: "pair/size=1024", above: "make", below: ours, least: 6},
	{row: "pair/size=16384", above: "make", below: ours, least: 30},
	{row: "pair/size=16384", above: ours, below: "modernc", most: 2.5},
	{row: "pair/size=131072", above: "naive", below: ours, least: 80},
	{row: "pair/size=1048576", above: "naive", below: ours, least: 8},
	// Where a host takes one of the processors away nothing runs in parallel, and a lock costs
	// its owner next to nothing: these are for a machine in that state, too.
	{row: "parallel/goroutines=2/size=64", above: "modernc+mutex", below: ours, least: 0.5},
	{row: "parallel/goroutines=16/size=64", above: "modernc+mutex", below: ours, least: 0.5},
	{row: "churn/peak-rss-to-live", above: ours, most: 1.3},
}

// rows is the pattern of the rows that bounds are set on: those that are measured.
const rows = `^pair/|^parallel/goroutines=(2|16)/size=64$|^churn/peer=ashlar$`

// String says what is compared.
func (b bound) String() string {
	if b.below == "" {
		return b.row + ": " + b.above
	}
	return fmt.Sprintf("%s: %s ÷ %s", b.row, b.above, b.below)
}

// want says what is allowed.
func (b bound) want() string {
	if b.most != 0 {
		return fmt.Sprintf("≤ %v", b.most)
	}
	return fmt.Sprintf("≥ %v", b.least)
}

// keeps reports whether a ratio is within the bound. NaN, of what was not measured, is not.
func (b bound) keeps(ratio float64) bool {
	if b.most != 0 {
		return ratio <= b.most
	}
	return ratio >= b.least
}

// better returns the ratio that is further within the bound.
func (b bound) better(x, y float64) float64 {
	switch {
	case math.IsNaN(x):
		return y
	case math.IsNaN(y):
		return x
	case b.most != 0:
		return min(x, y)
	}
	return max(x, y)
}

// A result is a peer's samples in a row, as the benchmarks' JSON has them.
type result struct {
	Row     string    `json:"row"`
	Peer    string    `json:"peer"`
	Samples []float64 `json:"samples"`
}

// ratio finds the bound's ratio in what was measured; NaN if it is not there.
func (b bound) ratio(results []result) float64 {
	ratio := median(results, b.row, b.above)
	if b.below != "" {
		ratio /= median(results, b.row, b.below)
	}
	return ratio
}

func median(results []result, row, peer string) float64 {
	at := slices.IndexFunc(results, func(r result) bool { return r.Row == row && r.Peer == peer })
	if at < 0 || len(results[at].Samples) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(results[at].Samples))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
