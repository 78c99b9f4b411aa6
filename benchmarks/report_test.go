package main

import (
	"strings"
	"testing"
	"time"
)

func TestSignificant(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0", 0.0123: "0.012", 0.692: "0.692", 1: "1.00", 7.808: "7.81", 12.34: "12.3", 195.4: "195", 10743.2: "10743", -2.5: "-2.50",
	} {
		if got := significant(value); got != want {
			t.Errorf("significant(%v) = %q, want %q", value, got, want)
		}
	}
}

func TestFormatBytes(t *testing.T) {
	for n, want := range map[int]string{16: "16 B", 1 << 10: "1 KiB", 1500: "1500 B", 128 << 10: "128 KiB", 1 << 20: "1 MiB", 256 << 20: "256 MiB"} {
		if got := formatBytes(n); got != want {
			t.Errorf("formatBytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestCell(t *testing.T) {
	r := &result{Samples: []float64{90, 95, 100, 105, 110}}
	if got := r.cell(false); got != "100 ±5%" {
		t.Errorf("cell = %q", got)
	}
	if got := r.cell(true); got != "100 (90.0–110)" {
		t.Errorf("cell with extremes = %q", got)
	}
	if got := (&result{Samples: []float64{1.5}}).cell(true); got != "1.50" {
		t.Errorf("cell of one sample = %q", got)
	}
}

func testResults() *results {
	r := new(results)
	r.add("row", ashlarName, nanoseconds, 10, 12, 8)
	r.add("row", moderncName, nanoseconds, 5)
	r.add("row", makeName, nanoseconds, 40)
	r.add("row", loopName, nanoseconds, 1)
	return r
}

func TestRatiosShowLosses(t *testing.T) {
	s := section{first: "size", lines: []line{{"row", "64 B"}, {"absent", "1 KiB"}}}
	got := s.ratios(testResults())
	if strings.Join(got.Header, ",") != "size,of,modernc,make" {
		t.Errorf("header %v", got.Header)
	}
	if len(got.Rows) != 1 || strings.Join(got.Rows[0], ",") != "64 B,ashlar,0.500,4.00" {
		t.Errorf("rows %v", got.Rows)
	}
}

func TestEmptySectionHasNoTable(t *testing.T) {
	s := section{lines: []line{{"absent", "1 KiB"}}}
	if s.figures(testResults(), false) != nil || s.ratios(testResults()) != nil {
		t.Error("a section without results has a table")
	}
}

func TestMetricsOfChosenPeers(t *testing.T) {
	var l metricsList
	for _, peer := range []string{ashlarName, makeName, moderncName} {
		l.of("row", peer).Operations = 1000
	}
	peersOf := func(s section) string {
		var peers []string
		if table := s.resources(l); table != nil {
			for _, row := range table.Rows {
				peers = append(peers, row[1])
			}
		}
		return strings.Join(peers, " ")
	}
	s := section{first: "size", lines: []line{{"row", "64 B"}}}
	for want, chosen := range map[string]func(string) bool{
		"ashlar make modernc": nil,
		"ashlar modernc":      func(peer string) bool { return peer != makeName },
		"":                    isOurs, // which compares nothing
	} {
		s.peers = chosen
		if got := peersOf(s); got != want {
			t.Errorf("metrics of %q, want %q", got, want)
		}
	}
}

func TestJudge(t *testing.T) {
	ours := figure{"row", ashlarName}
	tests := []struct {
		name  string
		bar   bar
		value float64
		met   bool
	}{
		{"ratio of times, met", bar{ours: ours, other: figure{"row", moderncName}, sense: atMost, bound: 2}, 2, true},
		{"ratio of times, missed", bar{ours: ours, other: figure{"row", moderncName}, sense: atMost, bound: 1.3}, 2, false},
		{"times faster, met", bar{ours: ours, other: figure{"row", makeName}, sense: faster, bound: 4}, 4, true},
		{"times faster, missed", bar{ours: ours, other: figure{"row", makeName}, sense: faster, bound: 5}, 4, false},
		{"alone, at most", bar{ours: ours, sense: atMost, bound: 9}, 10, false},
		{"alone, at least", bar{ours: ours, sense: atLeast, bound: 9}, 10, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := test.bar.judge(testResults())
			if v.Value == nil || *v.Value != test.value || v.Met != test.met {
				t.Errorf("verdict %+v, want value %v, met %v", v, test.value, test.met)
			}
		})
	}
}

func TestUnmeasuredBarIsNotMet(t *testing.T) {
	for _, b := range []bar{
		{ours: figure{"absent", ashlarName}, sense: atMost, bound: 1},
		{ours: figure{"row", ashlarName}, other: figure{"row", mimalloc3Name}, sense: atMost, bound: 1},
	} {
		if v := b.judge(testResults()); v.Value != nil || v.Met {
			t.Errorf("verdict %+v for a figure that is missing", v)
		}
	}
}

func TestBarTable(t *testing.T) {
	value := 2.0
	got := barTable([]verdict{{Text: "a", Value: &value, Want: "≤ 1.00"}, {Text: "b", Value: &value, Met: true}, {Text: "c"}})
	if len(got.Rows) != 2 || got.Rows[0][5] != "missed" || got.Rows[1][5] != "met" {
		t.Errorf("rows %v", got.Rows)
	}
	if len(got.Notes) != 1 || !strings.HasPrefix(got.Notes[0], "1 ") {
		t.Errorf("notes %v", got.Notes)
	}
}

func TestDeriveRatio(t *testing.T) {
	r := testResults()
	r.add("other", ashlarName, nanoseconds, 20)
	r.deriveRatio("derived", "other", "row")
	if got, ok := r.median("derived", ashlarName); !ok || got != 2 {
		t.Errorf("derived ratio %v, %v, want 2", got, ok)
	}
	if _, ok := r.median("derived", moderncName); ok {
		t.Error("a ratio was derived from one figure")
	}
}

func TestProgress(t *testing.T) {
	var out strings.Builder
	var now time.Duration
	p := newProgress(&out, func() time.Duration { return now }, 2, 30)
	p.begin("first")
	now = 20 * time.Second // the first row was estimated to take 10
	p.end(10)
	p.begin("second")
	p.clear()
	want := "\r\x1b[K[1/2] first, about 30s left\r\x1b[K[2/2] second, about 40s left\r\x1b[K"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestNoProgress(t *testing.T) {
	var p *progress
	p.begin("row")
	p.end(1)
	p.clear()
}
