// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

func testResults() *result.Results {
	r := new(result.Results)
	r.Add("benchmark", peer.Ashlar, result.Nanoseconds, 10, 12, 8)
	r.Add("benchmark", peer.Modernc, result.Nanoseconds, 5)
	r.Add("benchmark", peer.Make, result.Nanoseconds, 40)
	r.Add("benchmark", peer.Loop, result.Nanoseconds, 1)
	return r
}

func TestRatiosShowLosses(t *testing.T) {
	s := Table{First: "size", Lines: []Line{{"benchmark", "64 B"}, {"absent", "1 KiB"}}}
	got := s.ratios(testResults())
	if strings.Join(got.Header, ",") != "size,of,modernc,make" {
		t.Errorf("header %v", got.Header)
	}
	if len(got.Rows) != 1 || strings.Join(got.Rows[0], ",") != "64 B,ashlar,0.500,4.00" {
		t.Errorf("rows %v", got.Rows)
	}
}

func TestEmptyTableHasNoGrid(t *testing.T) {
	s := Table{Lines: []Line{{"absent", "1 KiB"}}}
	if s.figures(testResults(), false) != nil || s.ratios(testResults()) != nil {
		t.Error("a table without results has a grid")
	}
}

func TestMetricsOfChosenPeers(t *testing.T) {
	var l result.MetricsList
	for _, name := range []string{peer.Ashlar, peer.Make, peer.Modernc} {
		l.Of("benchmark", name).Operations = 1000
	}
	peersOf := func(t Table) string {
		var peers []string
		if g := t.resources(l); g != nil {
			for _, row := range g.Rows {
				peers = append(peers, row[1])
			}
		}
		return strings.Join(peers, " ")
	}
	table := Table{First: "size", Lines: []Line{{"benchmark", "64 B"}}}
	for want, chosen := range map[string]func(string) bool{
		"ashlar make modernc": nil,
		"ashlar modernc":      func(name string) bool { return name != peer.Make },
		"":                    peer.IsOurs, // which compares nothing
	} {
		table.Peers = chosen
		if got := peersOf(table); got != want {
			t.Errorf("metrics of %q, want %q", got, want)
		}
	}
}

func TestGoalGrid(t *testing.T) {
	value := 2.0
	got := goalGrid([]result.Verdict{{Text: "a", Value: &value, Want: "≤ 1.00"}, {Text: "b", Value: &value, Met: true}, {Text: "c"}})
	if len(got.Rows) != 2 || got.Rows[0][5] != "missed" || got.Rows[1][5] != "met" {
		t.Errorf("rows %v", got.Rows)
	}
	if len(got.Notes) != 1 || !strings.HasPrefix(got.Notes[0], "1 ") {
		t.Errorf("notes %v", got.Notes)
	}
}
