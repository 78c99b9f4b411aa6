// SPDX-License-Identifier: Apache-2.0

package tenancy

import (
	"fmt"
	"testing"

	"github.com/ashlar-go/ashlar/stats"
)

// A tenant of these tests knows its number.
type tenant struct {
	Entry
	id     int64
	closed bool
}

func (t *tenant) Stats() stats.Arena { return stats.Arena{ID: t.id} }
func (t *tenant) HostClosed()        { t.closed = true }

func TestRegister(t *testing.T) {
	var r Register
	var tenants []*tenant
	for i := range int64(10) {
		n := &tenant{id: i}
		r.Add(&n.Entry, n)
		tenants = append(tenants, n)
	}
	for _, gone := range []int{0, 9, 5} {
		r.Remove(&tenants[gone].Entry)
	}
	var ids []int64
	arenas, dropped := r.Stats()
	for _, a := range arenas {
		ids = append(ids, a.ID)
	}
	if fmt.Sprint(ids) != "[1 2 3 4 6 7 8]" || len(dropped) != 0 {
		t.Errorf("tenants %v, dropped %v", ids, dropped)
	}
	told := 0
	r.OnClose(func() { told++ })
	r.Close()
	r.Close()
	for i, n := range tenants {
		if listed := i != 0 && i != 9 && i != 5; n.closed != listed {
			t.Errorf("tenant %d was told: %v, is listed: %v", i, n.closed, listed)
		}
	}
	if told != 1 {
		t.Errorf("OnClose was called %d times", told)
	}
}

// TestDrop: drops are counted by place, and places are bounded.
func TestDrop(t *testing.T) {
	var r Register
	const places = mostPlaces + 10
	for range 3 {
		for place := range places {
			n := &tenant{}
			r.Add(&n.Entry, n)
			r.Drop(&n.Entry, fmt.Sprint("place ", place), 100)
		}
	}
	arenas, dropped := r.Stats()
	if len(arenas) != 0 || len(dropped) != mostPlaces+1 {
		t.Fatalf("%d arenas, %d places", len(arenas), len(dropped))
	}
	if d := dropped[7]; d != (stats.DroppedArenas{Made: "place 7", Arenas: 3, Bytes: 300}) {
		t.Errorf("%+v", d)
	}
	if d := dropped[mostPlaces]; d.Made != elsewhere || d.Arenas != 30 || d.Bytes != 3000 {
		t.Errorf("the others: %+v", d)
	}
}
