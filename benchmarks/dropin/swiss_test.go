// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"runtime"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/adapters/swissmem"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
	"github.com/cockroachdb/swiss"
)

// newMap returns a map whose table is on the heap.
func newMap[K comparable, V any](heap *alloc.Allocator) (*swiss.Map[K, V], error) {
	table, err := swissmem.New[swiss.Group[K, V]](heap)
	if err != nil {
		return nil, err
	}
	return swiss.New[K, V](0, swiss.WithAllocator[K, V](table)), nil
}

type position struct{ X, Y, Z float64 }

// TestSwiss: a map on ashlar behaves like a map of Go.
func TestSwiss(t *testing.T) { alloctest.EachMode(t, testSwiss) }

func testSwiss(t *testing.T, heap *alloc.Allocator) {
	m, err := newMap[uint64, position](heap)
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint64]position{}
	for i := range uint64(100_000) {
		key := i * 2654435761 % 50_000
		if i%3 == 2 {
			m.Delete(key)
			delete(want, key)
			continue
		}
		want[key] = position{X: float64(i)}
		m.Put(key, want[key])
	}
	if m.Len() != len(want) {
		t.Errorf("%d entries, want %d", m.Len(), len(want))
	}
	for key, value := range want {
		if got, ok := m.Get(key); !ok || got != value {
			t.Fatalf("key %d: %v, %v, want %v", key, got, ok, value)
		}
	}
	m.Close()
}

// TestSwissOffHeap: the table is not in the Go heap.
func TestSwissOffHeap(t *testing.T) {
	heap := new(alloc.Allocator)
	m, err := newMap[uint64, position](heap)
	if err != nil {
		t.Fatal(err)
	}
	before := goHeap()
	for i := range uint64(1_000_000) {
		m.Put(i, position{})
	}
	if grown := goHeap() - before; grown > 1<<20 {
		t.Errorf("a million entries take %d bytes of the Go heap", grown)
	}
	m.Close()
	wantNoLive(t, heap)
}

// goHeap returns the bytes of live objects in the Go heap.
func goHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestSwissPointers(t *testing.T) {
	if _, err := newMap[string, int](nil); !errors.Is(err, alloc.ErrHasPointers) {
		t.Errorf("keys with pointers: %v", err)
	}
	if _, err := newMap[int, *position](nil); !errors.Is(err, alloc.ErrHasPointers) {
		t.Errorf("values with pointers: %v", err)
	}
	if _, err := newMap[[16]byte, position](nil); err != nil {
		t.Errorf("neither: %v", err)
	}
}
