// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"reflect"
	"testing"
	"time"
)

// numbered returns a snapshot in which all numbers differ from each other. Each differs
// by n from the same number of numbered(0).
func numbered(n int64) *Snapshot {
	s := &Snapshot{Time: time.Unix(1000+n, 0), Classes: make([]Class, 3),
		Arenas: make([]Arena, 2), Dropped: make([]DroppedArenas, 1)}
	next := int64(1)
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				fill(v.Index(i))
			}
		case reflect.Int, reflect.Int64:
			next += 7
			v.SetInt(next * (1 + n))
		}
	}
	fill(reflect.ValueOf(s).Elem())
	s.Elapsed = 0
	for i := range s.Arenas {
		s.Arenas[i].ID = int64(i)
	}
	return s
}

// TestSub subtracts snapshots in which every number has changed, so that it finds a field
// that Sub forgets.
func TestSub(t *testing.T) {
	before, after := numbered(0), numbered(1)
	d := after.Sub(before)
	kept := map[string]bool{ // documented to be those of the later snapshot
		"Limit": true, "MaxMappings": true, "Peak": true, "Size": true, "ID": true, "HighWater": true, "Rate": true,
	}
	var compare func(path string, d, b, a reflect.Value)
	compare = func(path string, d, b, a reflect.Value) {
		switch d.Kind() {
		case reflect.Struct:
			if d.Type() == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range d.NumField() {
				name := d.Type().Field(i).Name
				if kept[name] {
					if d.Field(i).Int() != a.Field(i).Int() {
						t.Errorf("%s.%s is %d, want %d of the later snapshot", path, name, d.Field(i).Int(), a.Field(i).Int())
					}
					continue
				}
				compare(path+"."+name, d.Field(i), b.Field(i), a.Field(i))
			}
		case reflect.Slice:
			for i := range d.Len() {
				compare(path, d.Index(i), b.Index(i), a.Index(i))
			}
		case reflect.Int, reflect.Int64:
			if path != "Snapshot.Elapsed" && d.Int() != a.Int()-b.Int() {
				t.Errorf("%s is %d, want %d", path, d.Int(), a.Int()-b.Int())
			}
		}
	}
	compare("Snapshot", reflect.ValueOf(d).Elem(), reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem())
	if d.Elapsed != time.Second {
		t.Errorf("Elapsed is %v, want 1s", d.Elapsed)
	}
	if !reflect.DeepEqual(after, numbered(1)) || !reflect.DeepEqual(before, numbered(0)) {
		t.Error("Sub changed its operands")
	}
}

// TestMemoryLines: every field of Memory is in exactly one line.
func TestMemoryLines(t *testing.T) {
	var m Memory
	v := reflect.ValueOf(&m).Elem()
	if v.NumField() != len(memoryLines) {
		t.Errorf("%d fields, %d lines", v.NumField(), len(memoryLines))
	}
	var dirty int64
	for i := range memoryLines {
		field := memoryLines[i].of(&m)
		if *field != 0 {
			t.Errorf("%s names a field that another line names", memoryLines[i].name)
		}
		*field = 1 << i
		if memoryLines[i].dirty {
			dirty += 1 << i
		}
	}
	if got, want := m.Total(), int64(1<<len(memoryLines)-1); got != want {
		t.Errorf("Total = %#x, want %#x", got, want)
	}
	if m.Dirty() != dirty {
		t.Errorf("Dirty = %#x, want %#x", m.Dirty(), dirty)
	}
}

func TestLive(t *testing.T) {
	s := Snapshot{Classes: []Class{{Live: 3}, {}, {Live: 40}}, Large: Large{Live: 500}}
	if got := s.Live(); got != 543 {
		t.Errorf("Live = %d, want 543", got)
	}
}

// TestSubArenas: arenas appear and disappear between two snapshots.
func TestSubArenas(t *testing.T) {
	before := &Snapshot{Arenas: []Arena{{ID: 1, Used: 10, HighWater: 70}, {ID: 2, Used: 20}}}
	after := &Snapshot{Arenas: []Arena{{ID: 2, Name: "b", Used: 50, HighWater: 60, Resets: 3}, {ID: 3, Used: 7}},
		Dropped: []DroppedArenas{{Made: "here", Arenas: 1, Bytes: 9}}}
	d := after.Sub(before)
	want := []Arena{{ID: 2, Name: "b", Used: 30, HighWater: 60, Resets: 3}, {ID: 3, Used: 7}}
	if !reflect.DeepEqual(d.Arenas, want) {
		t.Errorf("got  %+v\nwant %+v", d.Arenas, want)
	}
	if !reflect.DeepEqual(d.Dropped, after.Dropped) {
		t.Errorf("dropped: %+v", d.Dropped)
	}
}
