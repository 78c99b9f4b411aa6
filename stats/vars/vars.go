// SPDX-License-Identifier: Apache-2.0

// Package vars publishes an allocator's metrics in package expvar, whose handler serves
// them as JSON at /debug/vars.
//
//	vars.Publish("ashlar", alloc.Default())
//
// Publish panics if the name is taken; Var returns no error. Each read of the variable
// takes a new snapshot. All functions are safe for concurrent use. The package is
// separate from package stats because expvar imports net/http.
package vars

import (
	"encoding/json"
	"expvar"

	"github.com/ashlar-go/ashlar/stats"
)

// Publish publishes source as an expvar variable. Call it once for each name, usually at
// the start of the program. Like expvar.Publish, it panics if the name is taken.
func Publish(name string, source stats.Source) { expvar.Publish(name, Var(source)) }

// Var returns the metrics of source as a variable, for example for an expvar.Map. The
// value is a JSON object with one member for each metric, under the metric's name. A
// metric of size classes is an object that maps the block size in bytes to the number. A
// metric of arenas is an object that maps the group's label to the number. Each read of
// the variable takes a new snapshot.
func Var(source stats.Source) expvar.Var { return variable{source} }

type variable struct{ source stats.Source }

// String returns the metrics as JSON, as expvar.Var requires.
func (v variable) String() string {
	s := v.source.Stats()
	groups := s.ArenaGroups()
	metrics := stats.Metrics()
	values := make(map[string]any, len(metrics))
	for i := range metrics {
		m := &metrics[i]
		switch {
		case m.PerClass:
			values[m.Name] = ofClasses(m, &s)
		case m.PerArena:
			values[m.Name] = ofArenas(m, groups)
		case m.PerTag:
			values[m.Name] = ofTags(m, s.Tags)
		default:
			values[m.Name] = m.Value(&s)
		}
	}
	text, err := json.Marshal(values)
	if err != nil { // cannot happen: the value holds only strings and numbers
		panic(err)
	}
	return string(text)
}

// ofClasses returns the numbers of a metric for the classes where it is not 0.
func ofClasses(m *stats.Metric, s *stats.Snapshot) map[int]int64 {
	values := map[int]int64{}
	for i := range s.Classes {
		if n := m.ClassValue(&s.Classes[i]); n != 0 {
			values[s.Classes[i].Size] = n
		}
	}
	return values
}

func ofArenas(m *stats.Metric, groups []stats.ArenaGroup) map[string]int64 {
	values := map[string]int64{}
	for i := range groups {
		values[groups[i].Label()] = m.ArenaValue(&groups[i])
	}
	return values
}

func ofTags(m *stats.Metric, tags []stats.Tag) map[string]int64 {
	values := map[string]int64{}
	for i := range tags {
		values[tags[i].Label()] = m.TagValue(&tags[i])
	}
	return values
}
