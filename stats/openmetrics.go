// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"io"
	"strconv"
	"strings"
)

// A Format is a text format in which metrics are exposed to monitoring systems.
type Format uint8

// The formats that WriteMetrics writes.
const (
	OpenMetrics Format = iota // OpenMetrics 1.0
	Prometheus                // the Prometheus text format, 0.0.4
)

// ContentType returns the format's media type for HTTP.
func (f Format) ContentType() string {
	if f == Prometheus {
		return "text/plain; version=0.0.4; charset=utf-8"
	}
	return "application/openmetrics-text; version=1.0.0; charset=utf-8"
}

// WriteMetrics writes all metrics of the snapshot in a format. In the names, underscores
// replace the slashes and the colon of Metric.Name, and counters end in "_total":
// ashlar_kernel_mmap_calls_total. Numbers of size classes are labelled with the block
// size in bytes, {class="64"}; classes that were never used are left out. Numbers of
// arenas are labelled with the labels of ArenaGroups, {arena="request"}, and those of tags
// with their names, {tag="index"}.
// If the snapshot has a name, all numbers are labelled with it, {allocator="cache"}.
func (s *Snapshot) WriteMetrics(w io.Writer, f Format) error {
	b := make([]byte, 0, 16<<10)
	groups := s.ArenaGroups()
	for i := range metricList {
		b = metricList[i].appendTo(b, s, groups, f)
	}
	if f == OpenMetrics {
		b = append(b, "# EOF\n"...)
	}
	_, err := w.Write(b)
	return err
}

// appendTo appends a metric's family: its head, and a line for each number.
func (m *Metric) appendTo(b []byte, s *Snapshot, groups []ArenaGroup, f Format) []byte {
	family := exposedName(m.Name)
	sample, kind := family, "gauge"
	if m.Cumulative {
		sample, kind = family+"_total", "counter"
	}
	head := sample // in the Prometheus format the head has the name of the samples
	if f == OpenMetrics {
		head = family
	}
	b = appendLine(b, "# HELP ", head, " ", m.Description)
	b = appendLine(b, "# TYPE ", head, " ", kind)
	if f == OpenMetrics {
		b = appendLine(b, "# UNIT ", head, " ", m.Unit())
	}
	switch {
	case m.PerClass:
		for i := range s.Classes {
			if c := &s.Classes[i]; c.used() {
				b = s.appendNumber(b, sample, "class", strconv.Itoa(c.Size), m.ofClass(c))
			}
		}
	case m.PerArena:
		for i := range groups {
			g := &groups[i]
			b = s.appendNumber(b, sample, "arena", g.Label(), m.ofArena(g))
		}
	case m.PerTag:
		for i := range s.Tags {
			t := &s.Tags[i]
			b = s.appendNumber(b, sample, "tag", t.Label(), m.ofTag(t))
		}
	default:
		b = s.appendNumber(b, sample, "", "", m.of(s))
	}
	return b
}

// appendNumber writes the line of a number, with the allocator's name as a label and, if
// it has a key, another label.
func (s *Snapshot) appendNumber(b []byte, sample, key, value string, n int64) []byte {
	b = append(b, sample...)
	next := byte('{')
	for _, label := range [...][2]string{{"allocator", s.Name}, {key, value}} {
		if label[0] != "" && label[1] != "" {
			b = append(append(b, next), label[0]...)
			b = append(append(append(b, `="`...), labelEscapes.Replace(label[1])...), '"')
			next = ','
		}
	}
	if next == ',' {
		b = append(b, '}')
	}
	return append(strconv.AppendInt(append(b, ' '), n, 10), '\n')
}

// labelEscapes escapes a label's value for both formats. The value must be valid UTF-8.
var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func appendLine(b []byte, parts ...string) []byte {
	for _, p := range parts {
		b = append(b, p...)
	}
	return append(b, '\n')
}

// exposedName converts a metric's name to one that the formats allow. The unit stays the
// last part, as OpenMetrics requires.
func exposedName(name string) string {
	return strings.NewReplacer("/", "_", ":", "_", "-", "_").Replace(strings.TrimPrefix(name, "/"))
}
