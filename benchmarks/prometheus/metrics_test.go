// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
	"github.com/ashlar-go/ashlar/stats"
)

// snapshot returns the statistics of an allocator that has performed operations of all
// kinds.
func snapshot(t *testing.T) *stats.Snapshot {
	t.Helper()
	var a alloc.Allocator
	t.Cleanup(func() { a.Close() })
	for _, size := range []int{16, 64, 64, 1000, 1 << 20} {
		if _, err := a.Malloc(size); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"request", `quoted "\\" name`} {
		b, err := arena.NewArenaWithOptions(arena.Options{Name: name, Allocator: &a})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Free)
		if _, err := b.Alloc(100, 8); err != nil {
			t.Fatal(err)
		}
	}
	s := a.Stats()
	return &s
}

// expected returns the samples that a snapshot must give, by series.
func expected(s *stats.Snapshot) map[string]float64 {
	want := map[string]float64{}
	for _, m := range stats.Metrics() {
		name := strings.NewReplacer("/", "_", ":", "_").Replace(m.Name[1:])
		if m.Cumulative {
			name += "_total"
		}
		switch {
		case m.PerClass:
			for i := range s.Classes {
				if c := &s.Classes[i]; c.Blocks > 0 {
					want[name+series("class", strconv.Itoa(c.Size))] = float64(m.ClassValue(c))
				}
			}
		case m.PerArena:
			for _, g := range s.ArenaGroups() {
				want[name+series("arena", g.Label())] = float64(m.ArenaValue(&g))
			}
		case m.PerTag:
			for i := range s.Tags {
				want[name+series("tag", s.Tags[i].Label())] = float64(m.TagValue(&s.Tags[i]))
			}
		default:
			want[name] = float64(m.Value(s))
		}
	}
	return want
}

func series(label, value string) string { return labels.FromStrings(label, value).String() }

// compare reports each series that is missing, added or different.
func compare(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for name, value := range want {
		if g, found := got[name]; !found || g != value {
			t.Errorf("%s is %v (found: %v), want %v", name, g, found, value)
		}
	}
	for name := range got {
		if _, found := want[name]; !found {
			t.Errorf("%s was not expected", name)
		}
	}
}

// TestOpenMetrics: the parser that a Prometheus server uses for OpenMetrics accepts the output. It is strict about
// types, units, suffixes and the end.
func TestOpenMetrics(t *testing.T) {
	s := snapshot(t)
	var text bytes.Buffer
	if err := s.WriteMetrics(&text, stats.OpenMetrics); err != nil {
		t.Fatal(err)
	}
	p, err := textparse.New(text.Bytes(), stats.OpenMetrics.ContentType(), labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, units := map[string]float64{}, 0
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, &text)
		}
		switch entry {
		case textparse.EntryUnit:
			units++
		case textparse.EntrySeries:
			_, _, value := p.Series()
			var l labels.Labels
			p.Labels(&l)
			name := l.Get(model.MetricNameLabel)
			if rest := l.DropReserved(func(name string) bool { return name == model.MetricNameLabel }); rest.Len() > 0 {
				name += rest.String()
			}
			got[name] = value
		}
	}
	compare(t, got, expected(s))
	if want := len(stats.Metrics()); units != want {
		t.Errorf("%d units, want %d", units, want)
	}
}

// TestText: the parser of the older format accepts the output.
func TestText(t *testing.T) {
	s := snapshot(t)
	var text bytes.Buffer
	if err := s.WriteMetrics(&text, stats.Prometheus); err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(&text)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for name, f := range families {
		for _, m := range f.Metric {
			value := math.NaN()
			switch {
			case m.Counter != nil:
				value = m.Counter.GetValue()
			case m.Gauge != nil:
				value = m.Gauge.GetValue()
			}
			key := name
			for _, l := range m.Label {
				key += labels.FromStrings(l.GetName(), l.GetValue()).String()
			}
			got[key] = value
		}
	}
	compare(t, got, expected(s))
}
