// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestReallocUsesFreedMemory: a growing large object moves to memory of the large heap that was
// freed before, instead of to new pages.
func TestReallocUsesFreedMemory(t *testing.T) {
	for _, size := range []int{1 << 20, 8 << 20} {
		if n := growIntoFreed(t, size, (*Allocator).detach); n != 0 {
			t.Errorf("growing to %d bytes took %d calls to the kernel", size, n)
		}
	}
}

// TestReallocUsesCachedObject: the same for an object in a large-object cache. The goroutine may
// change its slot in between, so one of several tries must succeed.
func TestReallocUsesCachedObject(t *testing.T) {
	for range 100 {
		if growIntoFreed(t, 1<<20, func(*Allocator) {}) == 0 {
			return
		}
	}
	t.Error("growing always took calls to the kernel")
}

// growIntoFreed frees an object of size bytes, calls between, and grows another object to that
// size. It checks the contents and returns the number of calls to the kernel.
func growIntoFreed(t *testing.T, size int, between func(*Allocator)) int64 {
	a := open(t, still)
	p, freed := alloc(t, a, size/2), alloc(t, a, size)
	fill(bytesAt(p, size/2), 1)
	want := string(bytesAt(p, size/2))
	a.Free(freed)
	between(a)
	calls := a.space.Calls(vm.OpMap) + a.space.Calls(vm.OpRemap)
	q, err := a.Recalloc(p, size/2, size)
	if err != nil {
		t.Fatal(err)
	}
	calls = a.space.Calls(vm.OpMap) + a.space.Calls(vm.OpRemap) - calls
	if string(bytesAt(q, size/2)) != want || !zero(bytesAt(unsafe.Add(q, size/2), size/2)) {
		t.Errorf("the object of %d bytes does not hold what it held, and zeros", size)
	}
	a.Free(q)
	return int64(calls)
}

// TestReallocZeroOnFree: what a growing object leaves behind is zeroed, however it moved.
func TestReallocZeroOnFree(t *testing.T) {
	for _, size := range []int{1 << 20, 8 << 20} {
		a := open(t, Options{Decay: -1, Hardening: Hardening{ZeroOnFree: true}})
		p, freed := alloc(t, a, size/2), alloc(t, a, size)
		fill(bytesAt(p, size/2), 1)
		a.Free(freed)
		q, err := a.Realloc(p, size)
		if err != nil {
			t.Fatal(err)
		}
		r := alloc(t, a, size/2)
		if !zero(bytesAt(r, UsableSize(r))) {
			t.Errorf("a block of %d bytes holds what a resized one held", size/2)
		}
		a.Free(q)
		a.Free(r)
	}
}
