// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"math"
	"runtime/debug"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

type point struct {
	X, Y int32
	Name [8]byte
}

func TestNew(t *testing.T) {
	a := open(t, still)
	for range 3 {
		p, err := New[point](a)
		if err != nil {
			t.Fatal(err)
		}
		if *p != (point{}) {
			t.Fatalf("New gave %+v, not zeros", *p)
		}
		*p = point{1, 2, [8]byte{3}}
		Free(a, p)
	}
	big, err := New[[1 << 18]byte](a)
	if err != nil {
		t.Fatal(err)
	}
	if !zero(big[:]) {
		t.Error("a large New is not zero")
	}
	Free(a, big)
	Free[point](a, nil)
	drained(t, a)
}

func TestNewOfNoSize(t *testing.T) {
	a := open(t, still)
	p, err := New[struct{}](a)
	if err != nil || p == nil {
		t.Fatal(p, err)
	}
	q, err := New[[0]*int](a)
	if err != nil || unsafe.Pointer(q) == unsafe.Pointer(p) {
		t.Fatal(q, err)
	}
	Free(a, p)
	Free(a, q)
	wantMisuse(t, func() { Free(a, p) }, MisuseError{Kind: DoubleFree, Op: "Free", Addr: uintptr(unsafe.Pointer(p)),
		Block: uintptr(unsafe.Pointer(p)), Size: GoodSize(0), State: "free"})
	drained(t, a)
}

func TestMakeSlice(t *testing.T) {
	a := open(t, still)
	for _, c := range []struct{ n, c int }{
		{0, 0}, {0, 1}, {1, 1}, {3, 10}, {100, 100}, {0, 5000}, {10000, 10000}, {20000, 40000},
	} {
		for range 2 {
			s, err := MakeSlice[point](a, c.n, c.c)
			if err != nil {
				t.Fatal(err)
			}
			if len(s) != c.n || cap(s) < c.c {
				t.Fatalf("MakeSlice(%d, %d) has length %d and capacity %d", c.n, c.c, len(s), cap(s))
			}
			elem := int(unsafe.Sizeof(point{}))
			if room := GoodSize(c.c*elem) / elem; cap(s) != room {
				t.Errorf("MakeSlice(%d, %d) has capacity %d, GoodSize gives %d", c.n, c.c, cap(s), room)
			}
			all := s[:cap(s)]
			for i := range all[:c.c] {
				if all[i] != (point{}) {
					t.Fatalf("MakeSlice(%d, %d): element %d is %+v", c.n, c.c, i, all[i])
				}
			}
			for i := range all {
				all[i] = point{X: -1, Y: -1}
			}
			FreeSlice(a, s)
		}
	}
	FreeSlice[point](a, nil)
	drained(t, a)
}

// TestMakeSliceZero: as with make, all elements up to the capacity are zero.
func TestMakeSliceZero(t *testing.T) {
	a := open(t, still)
	for _, n := range []int{1, 100, 1000, 5000, 70000, sizeclass.LargeMin, sizeclass.LargeMin + 100, 300001} {
		dirty := alloc(t, a, n)
		fill(bytesAt(dirty, UsableSize(dirty)), 1)
		a.Free(dirty)
		s, err := MakeSlice[byte](a, n/2, n)
		if err != nil {
			t.Fatal(err)
		}
		if !zero(s[:cap(s)]) {
			t.Errorf("MakeSlice(%d, %d) is not zero up to its capacity %d", n/2, n, cap(s))
		}
		FreeSlice(a, s)
	}
}

func TestSliceOfNoSize(t *testing.T) {
	a := open(t, still)
	s, err := MakeSlice[struct{}](a, 5, 10)
	if err != nil || len(s) != 5 || cap(s) < 10 {
		t.Fatal(len(s), cap(s), err)
	}
	for range 100 {
		if s, err = Append(a, s, struct{}{}, struct{}{}); err != nil {
			t.Fatal(err)
		}
	}
	if s, err = Resize(a, s, math.MaxInt); err != nil || len(s) != math.MaxInt {
		t.Fatal(len(s), err)
	}
	if s, err = Resize(a, s, 3); err != nil || len(s) != 3 {
		t.Fatal(len(s), err)
	}
	FreeSlice(a, s)
	drained(t, a)
}

// TestSliceOfNothing: a slice without capacity has a block, too. The block is not lost when
// the slice grows.
func TestSliceOfNothing(t *testing.T) {
	a := open(t, still)
	for _, grow := range []bool{false, true} {
		s, err := MakeSlice[struct{}](a, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		b, err := MakeSlice[byte](a, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if grow {
			if s, err = Append(a, s, struct{}{}); err != nil {
				t.Fatal(err)
			}
			if b, err = Append(a, b, 1); err != nil {
				t.Fatal(err)
			}
		}
		FreeSlice(a, s)
		FreeSlice(a, b)
	}
	drained(t, a)
}

func TestInvalidLengths(t *testing.T) {
	a := open(t, still)
	for _, c := range []struct{ n, c int }{{-1, 0}, {0, -1}, {-1, -1}, {2, 1}, {math.MaxInt, 0}, {0, math.MaxInt / 8}, {math.MaxInt, math.MaxInt}} {
		s, err := MakeSlice[point](a, c.n, c.c)
		var e *Error
		if s != nil || !errors.Is(err, ErrInvalidSize) || !errors.As(err, &e) {
			t.Errorf("MakeSlice(%d, %d) = %d elements, %v", c.n, c.c, len(s), err)
		}
	}
	if s, err := Resize[point](a, nil, -1); s != nil || !errors.Is(err, ErrInvalidSize) {
		t.Errorf("Resize(nil, -1) = %d elements, %v", len(s), err)
	}
	if roomy {
		return
	}
	if s, err := MakeSlice[byte](a, 0, math.MaxInt); s != nil || !errors.Is(err, ErrOutOfMemory) {
		t.Errorf("an impossible slice: %d elements, %v", len(s), err)
	}
	drained(t, a)
}

// TestSliceErrors: an error leaves the slice unchanged.
func TestSliceErrors(t *testing.T) {
	a := open(t, still)
	s, err := MakeSlice[int64](a, 100, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s {
		s[i] = int64(i)
	}
	for _, n := range []int{-1, math.MinInt, math.MaxInt, math.MaxInt / 8} {
		if roomy && n == math.MaxInt/8 {
			continue
		}
		got, err := Resize(a, s, n)
		if err == nil || unsafe.SliceData(got) != unsafe.SliceData(s) || len(got) != len(s) || cap(got) != cap(s) {
			t.Fatalf("Resize to %d = %d elements, %v", n, len(got), err)
		}
	}
	a.SetLimit(1)
	values := make([]int64, 1<<20)
	got, err := Append(a, s, values...)
	if !errors.Is(err, ErrLimit) || unsafe.SliceData(got) != unsafe.SliceData(s) || len(got) != len(s) {
		t.Fatalf("Append beyond the limit = %d elements, %v", len(got), err)
	}
	for i := range s {
		if s[i] != int64(i) {
			t.Fatalf("element %d is %d", i, s[i])
		}
	}
	FreeSlice(a, s)
}

// TestAppend grows a slice from nothing across the limit to large objects.
func TestAppend(t *testing.T) {
	a := open(t, still)
	var s []int32
	var err error
	for i := range int32(100_000) {
		if i%3 == 0 {
			s, err = Append(a, s, i)
		} else if i%3 == 1 {
			s, err = Append(a, s, i, i+1)
		}
		if err != nil {
			t.Fatal(err)
		}
		if i%1000 == 0 {
			if s, err = Append(a, s); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, v := range s {
		if v != int32(i) {
			t.Fatalf("element %d is %d", i, v)
		}
	}
	FreeSlice(a, s)
	drained(t, a)
}

// TestAppendItself: as with append, the values may be those of the slice itself.
func TestAppendItself(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	a := open(t, still)
	s, err := MakeSlice[int32](a, 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	copy(s, []int32{1, 2, 3, 4})
	for len(s) < 1<<22 {
		if v := panicOf(func() { s, err = Append(a, s, s...) }); v != nil {
			t.Fatalf("appending a slice of %d to itself: %v", len(s), v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, v := range s {
		if v != int32(i%4+1) {
			t.Fatalf("element %d is %d", i, v)
		}
	}
	FreeSlice(a, s)
}

func TestResize(t *testing.T) {
	a := open(t, still)
	var s []uint16
	var err error
	kept := 0
	for _, n := range []int{0, 1, 7, 8, 9, 100, 50, 3000, 65536, 65535, 200000, 70000, 1 << 20, 10, 2 << 20, 0, 5} {
		kept = min(kept, n)
		if s, err = Resize(a, s, n); err != nil {
			t.Fatal(err)
		}
		if len(s) != n || cap(s) < n {
			t.Fatalf("Resize to %d has length %d and capacity %d", n, len(s), cap(s))
		}
		for i := range s {
			want := uint16(0)
			if i < kept {
				want = uint16(i + 1)
			}
			if s[i] != want {
				t.Fatalf("Resize to %d: element %d is %d, want %d", n, i, s[i], want)
			}
		}
		all := s[:cap(s)]
		for i := range all {
			all[i] = uint16(i + 1)
		}
		kept = n
	}
	FreeSlice(a, s)
	drained(t, a)
}
