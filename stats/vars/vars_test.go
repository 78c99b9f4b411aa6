// SPDX-License-Identifier: Apache-2.0

package vars_test

import (
	"encoding/json"
	"expvar"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/ashlar-go/ashlar/stats"
	"github.com/ashlar-go/ashlar/stats/vars"
)

// fixed is a source whose snapshots are all the same.
type fixed stats.Snapshot

func (f *fixed) Stats() stats.Snapshot { return stats.Snapshot(*f) }

var source = &fixed{
	Footprint: stats.Gauge{Now: 12345, Peak: 20000},
	Classes:   []stats.Class{{Size: 16}, {Size: 32, Live: 7}},
	Arenas:    []stats.Arena{{Name: "request", Used: 5}, {Name: "request", Used: 6}},
	Tags:      []stats.Tag{{Name: "index", Blocks: 2, Bytes: 30}},
}

// TestPublish reads the variable over HTTP, as its users do.
func TestPublish(t *testing.T) {
	vars.Publish("ashlar", source)
	w := httptest.NewRecorder()
	expvar.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/debug/vars", nil))
	var all struct {
		Ashlar map[string]json.RawMessage
	}
	if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil {
		t.Fatalf("%v in\n%s", err, w.Body)
	}
	for name, want := range map[string]string{
		"/ashlar/footprint/now:bytes": "12345",
		"/ashlar/classes/live:blocks": `{"32":7}`,
		"/ashlar/arenas/used:bytes":   `{"request":11}`,
		"/ashlar/tags/live:bytes":     `{"index":30}`,
		"/ashlar/kernel/mmap:calls":   "0",
	} {
		if got := string(all.Ashlar[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if got, want := len(all.Ashlar), len(stats.Metrics()); got != want {
		t.Errorf("%d metrics, want %d", got, want)
	}
}

func ExampleVar() {
	allocators := new(expvar.Map).Init() // or expvar.NewMap("allocators")
	allocators.Set("cache", vars.Var(source))

	var metrics map[string]any
	json.Unmarshal([]byte(allocators.Get("cache").String()), &metrics)
	fmt.Println(metrics["/ashlar/footprint/now:bytes"])
	// Output: 12345
}
