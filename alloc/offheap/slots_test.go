// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

// TestSlots compares Slots with a map from all Handles that there ever were.
func TestSlots(t *testing.T) {
	alloctest.EachMode(t, func(t *testing.T, heap *alloc.Allocator) {
		playSlots(t, heap, func(i int) int32 { return int32(i) })
		playSlots(t, heap, func(i int) [3]byte { return [3]byte{byte(i), byte(i >> 8)} })
		playSlots(t, heap, func(i int) [100]int64 { return [100]int64{99: int64(i)} })
		playSlots(t, heap, func(i int) struct{} { return struct{}{} })
	})
}

func playSlots[T comparable](t *testing.T, heap *alloc.Allocator, value func(int) T) {
	s, err := NewSlots[T](heap, SlotsOptions{})
	must(t, err)
	defer s.Close()
	live, all := map[Handle[T]]T{}, []Handle[T]{0, 1, 1 << 32, ^Handle[T](0)}
	var handles []Handle[T] // the live ones
	random := rand.New(rand.NewPCG(5, 6))
	for step := range 20_000 {
		switch op := random.IntN(10); {
		case op < 4+step/5000%2*3:
			h, err := s.Add(value(step))
			must(t, err)
			if _, twice := live[h]; twice || h == 0 {
				t.Fatalf("handle %#x twice", h)
			}
			live[h] = value(step)
			all, handles = append(all, h), append(handles, h)
		case op < 8 && len(handles) > 0:
			i := random.IntN(len(handles))
			s.Remove(handles[i])
			delete(live, handles[i])
			handles[i] = handles[len(handles)-1]
			handles = handles[:len(handles)-1]
		}
		h := all[random.IntN(len(all))]
		want, there := live[h]
		if p := s.Get(h); (p != nil) != there || there && *p != want {
			t.Fatalf("step %d: handle %#x: %v, want %v %v", step, h, p, want, there)
		}
		if step%5000 == 4999 {
			n := 0
			for h, p := range s.All() {
				if n++; *p != live[h] {
					t.Fatalf("handle %#x is %v, want %v", h, *p, live[h])
				}
			}
			if n != len(live) || s.Len() != n {
				t.Fatalf("%d values, Len %d, want %d", n, s.Len(), len(live))
			}
		}
	}
	for h := range s.All() { // a loop may remove what it gets
		s.Remove(h)
	}
	if s.Len() != 0 {
		t.Error(s.Len())
	}
}

// TestSlotsGenerations: a slot whose generations are all used is not used again, so the first
// Handle of all stays stale.
func TestSlotsGenerations(t *testing.T) {
	var heap alloc.Allocator
	alloctest.NoLeaks(t, &heap)
	s, err := NewSlots[int](&heap, SlotsOptions{})
	must(t, err)
	defer s.Close()
	first, err := s.Add(1)
	must(t, err)
	s.Remove(first)
	*s.generation(s.chunk(0), 0) = 1<<32 - 2 // after 2³¹ − 1 values
	last, err := s.Add(2)
	must(t, err)
	if uint32(last) != uint32(first) || *s.Get(last) != 2 {
		t.Fatalf("%#x, %#x", first, last)
	}
	s.Remove(last)
	for range 3000 {
		h, err := s.Add(3)
		must(t, err)
		if uint32(h) == uint32(first) || s.Get(first) != nil || s.Get(last) != nil || s.Get(0) != nil {
			t.Fatalf("%#x", h)
		}
	}
	n := 0
	for range s.All() {
		n++
	}
	if n != 3000 || s.Len() != n {
		t.Error(n, s.Len())
	}
}

func TestSlotsMisuse(t *testing.T) {
	var heap alloc.Allocator
	alloctest.NoLeaks(t, &heap)
	if _, err := NewSlots[*int](&heap, SlotsOptions{}); !errors.Is(err, alloc.ErrHasPointers) {
		t.Error(err)
	}
	s, err := NewSlots[int](&heap, SlotsOptions{})
	must(t, err)
	h, err := s.Add(1)
	must(t, err)
	s.Remove(h)
	misused(t, alloc.DoubleFree, "Slots.Remove", func() { s.Remove(h) })
	misused(t, alloc.InvalidPointer, "Slots.Remove", func() { s.Remove(0) })
	misused(t, alloc.InvalidPointer, "Slots.Remove", func() { s.Remove(h + 1<<20) })
	h, err = s.Add(2) // it continues to work
	must(t, err)
	s.Close()
	s.Close()
	misused(t, alloc.UseAfterClose, "Slots.Get", func() { s.Get(h) })
	misused(t, alloc.UseAfterClose, "Slots.Add", func() { _, _ = s.Add(1) })
	misused(t, alloc.UseAfterClose, "Slots.Remove", func() { s.Remove(h) })
	misused(t, alloc.UseAfterClose, "Slots.All", func() {
		for range s.All() {
			t.Error("a value after Close")
		}
	})
}
