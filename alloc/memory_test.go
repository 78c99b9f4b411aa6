// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"testing"
	"unsafe"
)

// TestTypedOnLocal: the typed helpers work on a Local. Its blocks belong to the Allocator.
func TestTypedOnLocal(t *testing.T) {
	onEach(t, func(t *testing.T, m byteMemory) {
		p, err := New[point](m)
		if err != nil || *p != (point{}) {
			t.Fatal(p, err)
		}
		p.X = 7
		s, err := MakeSlice[uint32](m, 3, 3)
		if err != nil {
			t.Fatal(err)
		}
		for i := range uint32(1000) {
			if s, err = Append(m, s, i); err != nil {
				t.Fatal(err)
			}
		}
		if s, err = Resize(m, s, 2000); err != nil || s[1002] != 999 || s[1003] != 0 {
			t.Fatal(s[1002:1004], err)
		}
		FreeSlice(m, s)
		Free(m, p)
		wantMisuse(t, func() { Free(m, p) }, MisuseError{Kind: DoubleFree, Op: "Free", Addr: uintptr(unsafe.Pointer(p)),
			Block: uintptr(unsafe.Pointer(p)), Size: sizeNow(m, 16), State: "free"})
	})
}

// sizeNow returns the size that a misuse of a block of size bytes reports.
func sizeNow(m Memory, size int) int {
	if isChecked(m) || size > 0 && isGuardedNow(m) {
		return size
	}
	return GoodSize(size)
}

// isGuardedNow reports whether m guards all blocks.
func isGuardedNow(m Memory) bool {
	p, err := m.Malloc(1)
	if err != nil {
		return false
	}
	defer m.Free(p)
	return isGuarded(p)
}

// TestMismatchOnLocal: a checked Allocator compares types, whichever handle is used.
func TestMismatchOnLocal(t *testing.T) {
	a := open(t, strict)
	l := a.NewLocal()
	defer l.Close()
	p, err := New[point](l)
	if err != nil {
		t.Fatal(err)
	}
	addr := uintptr(unsafe.Pointer(p))
	wantMisuse(t, func() { Free(l, &p.X) }, MisuseError{Kind: TypeMismatch, Op: "Free", Addr: addr, Block: addr, Size: 16, State: "live"}, "another type")
	Free(l, p)
}

// scarce is a Memory of a program: it has room for a given number of blocks.
type scarce struct {
	Memory
	room int
}

var errScarce = errors.New("no room")

func (s *scarce) Malloc(size int) (unsafe.Pointer, error) {
	if s.room--; s.room < 0 {
		return nil, errScarce
	}
	return s.Memory.Malloc(size)
}

func (s *scarce) Calloc(n, size int) (unsafe.Pointer, error) {
	if s.room--; s.room < 0 {
		return nil, errScarce
	}
	return s.Memory.Calloc(n, size)
}

// TestOwnMemory: the typed helpers use only the methods of the interface.
func TestOwnMemory(t *testing.T) {
	a := open(t, still)
	m := &scarce{a, 2}
	p, err := New[int](m)
	if err != nil {
		t.Fatal(err)
	}
	s, err := MallocSlice[int](m, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New[int](m); err != errScarce {
		t.Errorf("New: %v", err)
	}
	if s, err := MakeSlice[int](m, 1, 1); s != nil || err != errScarce {
		t.Errorf("MakeSlice: %v, %v", s, err)
	}
	Free(m, p)
	FreeSlice(m, s)
	drained(t, a)
}

func TestMust(t *testing.T) {
	a := open(t, still)
	p := Must(New[point](a))
	Free(a, p)
	if v := panicOf(func() { Must(New[*int](a)) }); !errors.Is(v.(error), ErrHasPointers) {
		t.Errorf("panic(%v)", v)
	}
}

// TestMallocSlice: MallocSlice works like MakeSlice, but does not zero.
func TestMallocSlice(t *testing.T) {
	a := open(t, still)
	l := a.NewLocal() // one cache, so that the processor does not matter
	defer l.Close()
	const n = 500
	s := Must(MakeSlice[uint64](l, n, n))
	for i := range s {
		s[i] = 1
	}
	FreeSlice(l, s)
	u := Must(MallocSlice[uint64](l, 3, n))
	if len(u) != 3 || cap(u) != cap(s) {
		t.Errorf("length %d, capacity %d", len(u), cap(u))
	}
	if unsafe.SliceData(u) != unsafe.SliceData(s) || u[0] != 1 {
		t.Error("the slice is not the block that was just freed, as it was left")
	}
	FreeSlice(l, u)
	for _, c := range []struct{ n, c int }{{-1, 0}, {2, 1}} {
		if s, err := MallocSlice[byte](a, c.n, c.c); s != nil || !errors.Is(err, ErrInvalidSize) {
			t.Errorf("MallocSlice(%d, %d): %v, %v", c.n, c.c, s, err)
		}
	}
	if s, err := MallocSlice[string](a, 1, 1); s != nil || !errors.Is(err, ErrHasPointers) {
		t.Errorf("MallocSlice of strings: %v, %v", s, err)
	}
	drained(t, a)
}
