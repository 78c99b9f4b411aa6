// SPDX-License-Identifier: Apache-2.0

// Package vars publishes an allocator's metrics by the package expvar, whose handler
// at /debug/vars shows them as JSON. It is apart from package stats because expvar
// brings net/http with it.
package vars

import (
	"encoding/json"
	"expvar"

	"github.com/ashlar-go/ashlar/stats"
)

// Publish publishes source as an expvar variable. Like expvar.Publish it is called
// once for a name, usually at the start of a program, and panics if the name is
// taken.
func Publish(name string, source stats.Source) { expvar.Publish(name, Var(source)) }

// Var returns source's metrics as a variable for an expvar.Map. Its value is an
// object with a member for each metric, named as the metric; one of size classes is
// itself an object, from the size of a block in bytes to the number, and one of arenas
// likewise, from the label of the group. A snapshot is taken each time that the variable is read.
func Var(source stats.Source) expvar.Var { return variable{source} }

type variable struct{ source stats.Source }

// String returns the metrics as JSON, for that is what expvar wants of it.
func (v variable) String() string {
	var s stats.Snapshot
	v.source.Stats(&s)
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
		default:
			values[m.Name] = m.Value(&s)
		}
	}
	text, err := json.Marshal(values)
	if err != nil { // numbers under strings: there is no way to fail
		panic(err)
	}
	return string(text)
}

// ofClasses returns a metric of each class that is not 0.
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
