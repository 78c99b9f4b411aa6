// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"strings"
	"testing"
)

func TestAdvice(t *testing.T) {
	const MiB = 1 << 20
	for name, c := range map[string]struct {
		s    Snapshot
		want string // in the first advice; "": there is none
	}{
		"nothing":              {Snapshot{}, ""},
		"half of the limit":    {Snapshot{Footprint: Gauge{Now: 50}, Limit: 100}, ""},
		"near the limit":       {Snapshot{Footprint: Gauge{Now: 95 * MiB}, Limit: 100 * MiB}, "95.0 MiB, 95 % of the limit of 100 MiB. Above the limit"},
		"few mappings":         {Snapshot{Mappings: Gauge{Now: 10}, MaxMappings: 65530}, ""},
		"unknown max mappings": {Snapshot{Mappings: Gauge{Now: 10}}, ""},
		"many mappings":        {Snapshot{Mappings: Gauge{Now: 60000}, MaxMappings: 65530}, "sysctl -w vm.max_map_count=262120"},
		"fragmented": {Snapshot{Memory: Memory{Requested: 50 * MiB, Idle: 50 * MiB},
			Classes: []Class{{Size: 64, Idle: 1000}, {Size: 1024, Idle: 40 << 10}}}, "50.0 MiB are free blocks in spans that also have live blocks, 50 % of all small blocks. The largest part, 40.0 MiB, is in the class of 1024"},
		"fragmented, but little": {Snapshot{Memory: Memory{Requested: MiB, Idle: MiB}}, ""},
		"retained":               {Snapshot{Memory: Memory{Requested: 100 * MiB, LargeDirty: 100 * MiB}}, "50 % of the footprint. The allocator returns them"},
		"cached":                 {Snapshot{Memory: Memory{Requested: 100 * MiB, Cached: 60 * MiB, Depot: 40 * MiB}, Caches: 9}, "in 9 caches"},
		"slack":                  {Snapshot{Memory: Memory{Requested: 100 * MiB, Slack: 20 * MiB}}, "20.0 MiB, 20 % of the bytes requested. Request sizes that GoodSize"},
	} {
		got := ""
		if list := c.s.Advice(); len(list) > 0 {
			got = list[0].String()
		}
		if !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestUrgentFirst: advice about what may fail soon comes first.
func TestUrgentFirst(t *testing.T) {
	s := Snapshot{Memory: Memory{Requested: 1 << 30, Slack: 1 << 29, Idle: 1 << 30}, Footprint: Gauge{Now: 99}, Limit: 100,
		Mappings: Gauge{Now: 99}, MaxMappings: 100}
	calm := false
	list := s.Advice()
	for _, a := range list {
		if a.Urgent && calm {
			t.Errorf("%q is not urgent but comes first", a)
		}
		calm = calm || !a.Urgent
	}
	if len(list) < 3 || !calm {
		t.Errorf("%d pieces of advice: %v", len(list), list)
	}
	if text := s.String(); !strings.Contains(text, list[0].What) {
		t.Error("the text does not give the advice")
	}
}
