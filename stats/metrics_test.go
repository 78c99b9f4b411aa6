// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// documented returns the list of metrics as doc.go must show it.
func documented() string {
	var b strings.Builder
	for _, m := range Metrics() {
		kind := "gauge"
		if m.Cumulative {
			kind = "counter"
		}
		fmt.Fprintf(&b, "//\t%-37s %-8s %s\n", m.Name, kind, m.Description)
	}
	return b.String()
}

// TestMetricsDocumented: the package documentation lists every metric.
func TestMetricsDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), "//\n"+documented()+"//\n") {
		t.Errorf("doc.go does not list the metrics; the list is\n%s", documented())
	}
}

// TestMetricNames: names have the form of those in runtime/metrics, and descriptions need
// no escapes in the exposition formats.
func TestMetricNames(t *testing.T) {
	name := regexp.MustCompile(`^/ashlar(/[a-z]+)+:[a-z]+$`)
	description := regexp.MustCompile(`^[a-z][^\\"\n]*[^.\\"\n]$`)
	seen := map[string]bool{}
	for _, m := range Metrics() {
		if !name.MatchString(m.Name) {
			t.Errorf("%q is not a valid name", m.Name)
		}
		if !description.MatchString(m.Description) {
			t.Errorf("%s: %q is not a valid description", m.Name, m.Description)
		}
		if exposed := exposedName(m.Name); seen[exposed] {
			t.Errorf("%s is exposed as %s, like another metric", m.Name, exposed)
		} else {
			seen[exposed] = true
		}
	}
}

// TestMetricsComplete: every number of a Snapshot is in exactly one metric.
func TestMetricsComplete(t *testing.T) {
	s := numbered(0)
	s.Classes, s.Arenas = s.Classes[:1], s.Arenas[:1]
	times := map[int64]int{}
	for _, m := range Metrics() {
		times[m.Value(s)]++
	}
	var look func(path string, v reflect.Value)
	look = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range v.NumField() {
				look(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				look(path, v.Index(i))
			}
		case reflect.Int, reflect.Int64:
			switch path {
			case "Snapshot.Elapsed", "Snapshot.Classes.Size", "Snapshot.Arenas.ID":
				return
			}
			if n := times[v.Int()]; n != 1 {
				t.Errorf("%s is in %d metrics", path, n)
			}
		}
	}
	look("Snapshot", reflect.ValueOf(*s))
}

// TestArenaGroups: arenas with the same name form one group, and arenas without a name
// are grouped by call site.
func TestArenaGroups(t *testing.T) {
	s := &Snapshot{Arenas: []Arena{
		{ID: 1, Name: "request", Reserved: 10, HighWater: 7},
		{ID: 2, Made: "main.load", Reserved: 100},
		{ID: 3, Name: "request", Reserved: 20, HighWater: 5, Resets: 2},
	}}
	want := []ArenaGroup{
		{Arena{ID: 2, Made: "main.load", Reserved: 100}, 1},
		{Arena{ID: 1, Name: "request", Reserved: 30, HighWater: 12, Resets: 2}, 2},
	}
	if got := s.ArenaGroups(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, m := range Metrics() {
		if m.Name == "/ashlar/arenas/count:arenas" && m.Value(s) != 3 {
			t.Errorf("there are %d arenas, want 3", m.Value(s))
		}
	}
}

// TestLabels: a label is one valid line, whatever the arena's name is.
func TestLabels(t *testing.T) {
	s := &Snapshot{Arenas: []Arena{{Name: "a \"b\" \\ \n\xff", Used: 3}}}
	var b strings.Builder
	if err := s.WriteMetrics(&b, OpenMetrics); err != nil {
		t.Fatal(err)
	}
	if want := "\nashlar_arenas_used_bytes{arena=\"a \\\"b\\\" \\\\ \\n?\"} 3\n"; !strings.Contains(b.String(), want) {
		t.Errorf("no %q in\n%s", want, &b)
	}
}

// TestPerClass: the value of a PerClass metric is the sum over all classes.
func TestPerClass(t *testing.T) {
	s := &Snapshot{Classes: []Class{{Live: 3}, {Live: 40}}}
	for _, m := range Metrics() {
		if m.Name == "/ashlar/classes/live:blocks" {
			if got := m.Value(s); got != 43 {
				t.Errorf("Value = %d, want 43", got)
			}
			if got := m.ClassValue(&s.Classes[1]); got != 40 {
				t.Errorf("ClassValue = %d, want 40", got)
			}
			return
		}
	}
	t.Error("the metric does not exist")
}

// TestWriteMetrics looks for each kind of line in both formats. The tests of module
// benchmarks check the whole output with the parser of Prometheus.
func TestWriteMetrics(t *testing.T) {
	for _, c := range []struct {
		format   Format
		has, not []string
	}{
		{OpenMetrics, []string{
			"# HELP ashlar_kernel_mmap_calls calls of mmap\n# TYPE ashlar_kernel_mmap_calls counter\n" +
				"# UNIT ashlar_kernel_mmap_calls calls\nashlar_kernel_mmap_calls_total 7\n",
			"# TYPE ashlar_footprint_now_bytes gauge\n# UNIT ashlar_footprint_now_bytes bytes\nashlar_footprint_now_bytes 2097152\n",
			"\nashlar_classes_live_blocks{class=\"32\"} 2000\n",
			"\nashlar_classes_allocs_blocks_total{class=\"32\"} 5000\n",
			"\nashlar_arenas_used_bytes{arena=\"request\"} 61440\n",
			"\nashlar_dropped_arenas_total 3\n",
		}, []string{`class="16"`}},
		{Prometheus, []string{
			"# TYPE ashlar_kernel_mmap_calls_total counter\nashlar_kernel_mmap_calls_total 7\n",
			"\nashlar_classes_live_blocks{class=\"32\"} 2000\n",
		}, []string{"# EOF", "# UNIT"}},
	} {
		var b strings.Builder
		if err := example.WriteMetrics(&b, c.format); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", c.format.ContentType(), want, text)
			}
		}
		for _, no := range c.not {
			if strings.Contains(text, no) {
				t.Errorf("%s has %q", c.format.ContentType(), no)
			}
		}
		if end := strings.HasSuffix(text, "\n# EOF\n"); end != (c.format == OpenMetrics) {
			t.Errorf("%s ends in %q", c.format.ContentType(), text[len(text)-20:])
		}
	}
}

func TestWriteMetricsFails(t *testing.T) {
	if err := example.WriteMetrics(failingWriter{}, OpenMetrics); err == nil {
		t.Error("WriteMetrics did not return the writer's error")
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, fmt.Errorf("no more") }
