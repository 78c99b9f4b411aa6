// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/invariants"
)

// TestShortRounds: the numbers of short rounds are exact, however many end without the core's
// knowledge, and each round finds zeroed memory.
func TestShortRounds(t *testing.T) {
	for _, o := range []Options{{}, {NoZero: true}, {InitialSize: 1 << 10}} {
		a := open(t, o)
		rounds := maxRewinds + 100
		if invariants.Enabled {
			rounds = 1000
		}
		high := int64(0)
		for i := range rounds {
			n, used := i%7, int64(0)
			for range n {
				p := New[[4]uint64](a)
				if !o.NoZero && *p != [4]uint64{} {
					t.Fatalf("round %d: not zero", i)
				}
				p[0], p[3] = 1, 1
				used += 32
			}
			if i%3 == 0 {
				p := NewLinked[node](a)
				if *p != (node{}) {
					t.Fatalf("round %d: a linked object is not zero", i)
				}
				p.Left = p
				used += int64(unsafe.Sizeof(padded[node]{}))
			}
			high = max(high, used)
			if s := a.Stats(); i > 10 && s.Used != used || s.Used+s.Free != s.Reserved || s.Resets != int64(i) || s.HighWater < high || s.HighWater > high+maxRewind {
				t.Fatalf("round %d of %d bytes, the largest of %d: %+v", i, used, high, s)
			}
			a.Reset()
		}
		if s := a.Stats(); s.Used != 0 || s.Resets != int64(rounds) || s.HighWater < high {
			t.Errorf("after %d rounds of at most %d bytes: %+v", rounds, high, s)
		}
	}
}

// TestShortRoundsAreUnlocked: a short round takes no lock.
func TestShortRoundsAreUnlocked(t *testing.T) {
	if invariants.Enabled {
		t.Skip("checking invariants takes the lock")
	}
	a := open(t, Options{})
	round := func() {
		for range 10 {
			New[[8]uint64](a)
			NewLinked[node](a)
		}
		a.Reset()
	}
	for range 3 {
		round()
	}
	if !a.core.mu.TryLock() {
		t.Fatal("the lock is held")
	}
	defer a.core.mu.Unlock()
	round() // it would wait for ever
	round()
}

// TestResetForgetsLinkedObjects: Audit after Reset does not see objects of the round before, of
// short rounds and of those with entries in the list of runs.
func TestResetForgetsLinkedObjects(t *testing.T) {
	other := open(t, Options{})
	a := open(t, Options{})
	for round := range 40 {
		if round%5 == 0 {
			MakeLinkedSlice[[3]*int](a, 1, 1)
		}
		p := NewLinked[node](a)
		if round%4 > 0 {
			MakeLinkedSlice[[3]*int](a, 2, 2) // padded where pointers have 4 bytes
		}
		if round%4 > 1 {
			NewLinked[[2]*int](a)
		}
		if round%4 > 2 {
			MakeLinkedSlice[*int](a, 3, 3)[2] = new(int)
		}
		p.Left = NewLinked[node](other)
		if round%3 == 0 && a.Audit() == nil {
			t.Errorf("round %d: Audit does not see the pointer", round)
		}
		a.Reset()
		rest := int(a.limit-a.next) / 8
		words := MakeSlice[uint64](a, rest, rest) // where the objects were
		for i := range words {
			words[i] = 1 << 20
		}
		if err := a.Audit(); err != nil {
			t.Errorf("round %d: after Reset: %v", round, err)
		}
		if round%3 > 0 {
			a.Reset()
		}
	}
}

// TestStatsBesideShortRounds: Stats of another goroutine sees no more than what is there.
func TestStatsBesideShortRounds(t *testing.T) {
	a := open(t, Options{})
	var done atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for last := int64(0); !done.Load(); {
			s := a.Stats()
			if s.Used < 0 || s.Free < 0 || s.Waste < 0 || s.Used+s.Free+s.Waste != s.Reserved || s.Resets < last {
				t.Errorf("after %d resets: %+v", last, s)
				return
			}
			last = s.Resets
		}
	}()
	for i := range 20_000 {
		for range 1 + i%50 {
			New[[8]uint64](a)[0] = 1
			NewLinked[node](a)
		}
		a.Reset()
	}
	done.Store(true)
	<-ended
}
