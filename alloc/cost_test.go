// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestImport: importing the package maps no memory and starts no goroutine.
func TestImport(t *testing.T) {
	if atStart.mapped != 0 || atStart.mappings != 0 || atStart.goroutines > 1 {
		t.Errorf("before the first use: %+v", atStart)
	}
}

// TestUnused: an Allocator that has allocated nothing has no memory.
func TestUnused(t *testing.T) {
	goroutines, mapped, inUse := runtime.NumGoroutine(), metadata.Space.Mapped.Now(), metadata.InUse()
	var a Allocator
	b, err := NewAllocator(Options{Limit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []*Allocator{&a, b, Default()} {
		a.Free(nil)
		a.NewLocal().Free(nil)
		if n := UsableSize(nil); n != 0 {
			t.Errorf("UsableSize(nil) = %d", n)
		}
		if _, err := a.Malloc(-1); err == nil {
			t.Error("no error")
		}
		if _, err := New[*int](a); err == nil {
			t.Error("no error")
		}
		a.SetLimit(1 << 20)
		a.SetLimit(0)
		if a == Default() {
			continue // other tests use it
		}
		a.Trim()
		if n := a.space.Mapped.Now(); n != 0 {
			t.Errorf("%d bytes are mapped", n)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	if metadata.Space.Mapped.Now() != mapped || metadata.InUse() > inUse {
		t.Error("metadata was taken")
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
}

// TestGoHeap: a million live blocks cost the Go heap almost nothing.
func TestGoHeap(t *testing.T) {
	vm.Require(t, vm.OffHeap)
	a := open(t, still)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	// Each block holds the address of the previous one, so that the test needs no table on
	// the Go heap.
	var last uintptr
	for range 1_000_000 {
		p, err := a.Malloc(64)
		if err != nil {
			t.Fatal(err)
		}
		*(*uintptr)(p) = last
		last = raw.Addr(p)
	}
	var large []unsafe.Pointer
	for range 100 {
		large = append(large, alloc(t, a, 200<<10))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := int64(after.HeapAlloc) - int64(before.HeapAlloc); n > 1<<20 {
		t.Errorf("the Go heap grew by %d bytes", n)
	}
	if n := int64(after.HeapObjects) - int64(before.HeapObjects); n > 1000 {
		t.Errorf("the Go heap grew by %d objects", n)
	}
	for last != 0 {
		p := raw.Pointer(last)
		last = *(*uintptr)(p)
		a.Free(p)
	}
	for _, p := range large {
		a.Free(p)
	}
	drained(t, a)
}

// TestNoGarbage: allocating and freeing creates no garbage on the Go heap.
func TestNoGarbage(t *testing.T) {
	vm.Require(t, vm.OffHeap)
	a := open(t, still)
	l := local(t, a)
	for _, size := range []int{16, 1000, 100000, 1 << 20} {
		a.Free(alloc(t, a, size))
		l.Free(alloc(t, l, size))
		if n := testing.AllocsPerRun(100, func() {
			p, _ := a.Malloc(size)
			p, _ = a.Realloc(p, size+size/2)
			a.Free(p)
			p, _ = l.Calloc(1, size)
			l.Free(p)
		}); n > 0 {
			t.Errorf("%d bytes: %v objects of the Go heap each time", size, n)
		}
	}
}

// TestOverhead: many blocks take little more memory than their sizes.
func TestOverhead(t *testing.T) {
	for _, c := range []struct {
		size  int
		limit float64 // maximum ratio of the footprint, with metadata, to the requested bytes
	}{{16, 1.10}, {64, 1.04}, {1024, 1.04}, {16 << 10, 1.04}} {
		a := open(t, still)
		l := local(t, a) // one cache, so that the number of processors does not matter
		n := 16 << 20 / c.size
		base := metadata.InUse()
		var last uintptr
		for range n {
			p := alloc(t, l, c.size)
			*(*uintptr)(p) = last
			last = raw.Addr(p)
		}
		total := a.space.Footprint.Now() + int64(metadata.InUse()-base)
		if got := float64(total) / float64(n*c.size); got > c.limit {
			t.Errorf("blocks of %d bytes: %.3f bytes for each byte, want %.3f at most", c.size, got, c.limit)
		}
		for last != 0 {
			p := raw.Pointer(last)
			last = *(*uintptr)(p)
			l.Free(p)
		}
	}
}
