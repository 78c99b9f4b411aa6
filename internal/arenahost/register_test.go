// SPDX-License-Identifier: Apache-2.0

package arenahost

import (
	"fmt"
	"testing"

	"github.com/ashlar-go/ashlar/stats"
)

// fakeArena is an Arena that records whether its host was closed.
type fakeArena struct {
	Entry
	id     int64
	closed bool
}

func (a *fakeArena) Stats() stats.Arena { return stats.Arena{ID: a.id} }
func (a *fakeArena) HostClosed()        { a.closed = true }

func TestRegister(t *testing.T) {
	var r Register
	var made []*fakeArena
	for i := range int64(10) {
		n := &fakeArena{id: i}
		r.Add(&n.Entry, n)
		made = append(made, n)
	}
	for _, gone := range []int{0, 9, 5} {
		r.Remove(&made[gone].Entry)
	}
	var ids []int64
	arenas, dropped := r.Stats()
	for _, a := range arenas {
		ids = append(ids, a.ID)
	}
	if fmt.Sprint(ids) != "[1 2 3 4 6 7 8]" || len(dropped) != 0 {
		t.Errorf("arenas %v, dropped %v", ids, dropped)
	}
	calls := 0
	r.OnClose(func() { calls++ })
	r.Close()
	r.Close()
	for i, n := range made {
		if listed := i != 0 && i != 9 && i != 5; n.closed != listed {
			t.Errorf("arena %d: HostClosed called: %v, listed: %v", i, n.closed, listed)
		}
	}
	if calls != 1 {
		t.Errorf("OnClose was called %d times", calls)
	}
}

// TestDrop: dropped arenas are counted by call site, and the number of call sites is bounded.
func TestDrop(t *testing.T) {
	var r Register
	const places = maxPlaces + 10
	for range 3 {
		for place := range places {
			n := &fakeArena{}
			r.Add(&n.Entry, n)
			r.Drop(&n.Entry, fmt.Sprint("place ", place), 100)
		}
	}
	arenas, dropped := r.Stats()
	if len(arenas) != 0 || len(dropped) != maxPlaces+1 {
		t.Fatalf("%d arenas, %d places", len(arenas), len(dropped))
	}
	if d := dropped[7]; d != (stats.DroppedArenas{Made: "place 7", Arenas: 3, Bytes: 300}) {
		t.Errorf("%+v", d)
	}
	if d := dropped[maxPlaces]; d.Made != elsewhere || d.Arenas != 30 || d.Bytes != 3000 {
		t.Errorf("the others: %+v", d)
	}
}
