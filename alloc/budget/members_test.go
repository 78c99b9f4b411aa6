// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// TestIdleMembers: a member gets the memory that it needs, however many idle members there
// are.
func TestIdleMembers(t *testing.T) {
	for _, idle := range []int{0, 1, 3, 15, 999} {
		b := quiet(t, Options{Limit: 1024 * MiB}, &fakeHeap{limit: noLimit})
		busy := &fakeMemory{}
		b.Add(busy)
		for range idle {
			b.Add(&fakeMemory{})
		}
		got := 0
		for busy.grow(b, 128*MiB) {
			got++
		}
		if got != 6 { // 1024 less the Go heap's floor and the reserve are 832
			t.Errorf("beside %d idle members: %d objects of 128 MiB, want 6", idle, got)
		}
	}
}

// TestSumOfLimits: while a member grows, the sum of all limits stays within the budget.
func TestSumOfLimits(t *testing.T) {
	all := []*fakeMemory{{}, {bytes: 20 * MiB}, {}, {bytes: 100 * MiB}}
	b := quiet(t, Options{Limit: 1024 * MiB, Floor: 128 * MiB, Reserve: 64 * MiB}, &fakeHeap{limit: noLimit, bytes: 50 * MiB})
	for _, m := range all {
		b.Add(m)
	}
	for i := range 200 {
		all[i%3].grow(b, int64(1+i%7*9)*MiB)
		sum := int64(MiB) // of metadata
		for _, m := range all {
			sum += m.limit
		}
		if sum > (1024-128-64)*MiB {
			t.Fatalf("step %d: off-heap memory may have %d MiB", i, sum/MiB)
		}
	}
}

// TestClosedMembers: a closed member neither counts nor takes a share, and is removed.
func TestClosedMembers(t *testing.T) {
	b := quiet(t, Options{Limit: 1024 * MiB}, &fakeHeap{limit: noLimit})
	busy, gone := &fakeMemory{}, &fakeMemory{bytes: 300 * MiB}
	b.Add(gone)
	b.Add(busy)
	shared := busy.limit
	gone.bytes, gone.closed = 0, true
	b.look(nil, 0)
	if len(b.members) != 1 || busy.limit <= shared+100*MiB {
		t.Errorf("%d members, and the limit of the other is %d MiB, was %d", len(b.members), busy.limit/MiB, shared/MiB)
	}
	if held := b.State().OffHeap; held != MiB {
		t.Errorf("%d bytes are counted off the heap", held)
	}
}

func TestRemove(t *testing.T) {
	b := quiet(t, Options{Limit: 1024 * MiB}, &fakeHeap{limit: noLimit})
	own, none := &fakeMemory{bytes: 30 * MiB, limit: 50 * MiB}, &fakeMemory{bytes: 10 * MiB}
	b.Add(own)
	b.Add(none)
	b.Remove(&fakeMemory{})
	b.Remove(own)
	b.Remove(own)
	if held := b.State().OffHeap; own.limit != 50*MiB || held != 11*MiB {
		t.Errorf("after Remove its limit is %d, and %d bytes are counted", own.limit, held)
	}
	b.Remove(none)
	b.Stop()
	if none.limit != 0 {
		t.Errorf("after Remove its limit is %d", none.limit)
	}
}

// TestTrimPanics: a member panics in Trim, as a checked Allocator does that finds a write to a
// freed block. If the program recovers, the Balancer continues to work.
func TestTrimPanics(t *testing.T) {
	b := quiet(t, Options{Limit: 1024 * MiB}, &fakeHeap{limit: noLimit})
	damaged := &fakeMemory{bytes: 700 * MiB, retained: 700 * MiB, trim: func() { panic("damaged") }}
	b.mu.Lock()
	b.members = append(b.members, member{memory: damaged})
	b.mu.Unlock()
	other := &fakeMemory{}
	request := func() (fits bool, panicked any) {
		b.purging = chore{}
		defer func() { panicked = recover() }()
		return other.grow(b, 200*MiB), nil
	}
	b.members = append(b.members, member{memory: other})
	if _, panicked := request(); panicked != "damaged" {
		t.Errorf("the first request panics with %v", panicked)
	}
	damaged.trim = nil
	if fits, panicked := request(); !fits || panicked != nil {
		t.Errorf("the second fits: %t, panic %v", fits, panicked)
	}
}

// TestAllocators: a budget serves Allocators while others are idle or closed, and calls their
// OnLimit.
func TestAllocators(t *testing.T) {
	b, err := Start(Options{Limit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Stop()
	open := func(o alloc.Options) *alloc.Allocator {
		o.AddressesAsNumbers = true // or blocks are also a part of the Go heap in race builds
		a, err := b.NewAllocator(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		return a
	}
	for i := range 10 {
		if a := open(alloc.Options{}); i%2 == 0 {
			_ = a.Close()
		}
	}
	var cache []unsafe.Pointer
	evicted := 0
	var a *alloc.Allocator
	a = open(alloc.Options{OnLimit: func(int) bool {
		if len(cache) == 0 {
			return false
		}
		a.Free(cache[0])
		cache = cache[1:]
		evicted++
		return true
	}})
	for range 20 {
		p, err := a.Malloc(128 << 20)
		if err != nil {
			t.Fatalf("with %d objects in the cache, %d evicted: %v", len(cache), evicted, err)
		}
		cache = append(cache, p)
	}
	if len(cache) < 2 || evicted+len(cache) != 20 { // 6 fit, but for what the Go heap has
		t.Errorf("%d objects of 128 MiB, %d evicted", len(cache), evicted)
	}
	calls := 0
	limited := open(alloc.Options{Limit: 10 << 20, OnLimit: func(int) bool { calls++; return false }})
	if _, err := limited.Malloc(11 << 20); !errors.Is(err, alloc.ErrLimit) || calls == 0 {
		t.Errorf("more than the Allocator's own limit: %v, after %d calls of OnLimit", err, calls)
	}
	if _, err := b.NewAllocator(alloc.Options{Limit: -1}); err == nil {
		t.Error("NewAllocator accepts invalid options")
	}
}

// TestChoreInBubble: a chore that waits by one clock does not wait by another, which a
// bubble of testing/synctest has.
func TestChoreInBubble(t *testing.T) {
	var c chore
	c.ended(time.Now().Add(-time.Minute))
	if c.due() {
		t.Error("it is due again at once")
	}
	synctest.Test(t, func(t *testing.T) {
		if !c.due() {
			t.Error("it waits in a bubble for the time outside")
		}
		c.ended(time.Now().Add(-time.Minute))
		if c.due() {
			t.Error("it is due again at once, in a bubble")
		}
		time.Sleep(time.Hour)
		if !c.due() {
			t.Error("it waits longer than it should")
		}
	})
}
