// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
)

type point struct{ X, Y int }

// TestContents allocates random sizes. It checks that memory is aligned, is zeroed unless
// NoZero is set, and keeps its contents.
func TestContents(t *testing.T) {
	each(t, func(t *testing.T, a *Arena) {
		r := rand.New(rand.NewPCG(1, 2))
		type piece struct {
			b    []byte
			seed byte
		}
		for round := range 6 {
			var pieces []piece
			for range 1200 {
				size, align := r.IntN(200), 1<<r.IntN(7)
				if r.IntN(40) == 0 {
					size, align = r.IntN(40<<10), 1<<r.IntN(13)
				}
				p, err := a.Alloc(size, align)
				if err != nil {
					t.Fatal(err)
				}
				if at := raw.Addr(p); at%uintptr(max(align, a.core.options.Align)) != 0 {
					t.Fatalf("Alloc(%d, %d) = %#x", size, align, at)
				}
				b := unsafe.Slice((*byte)(p), size)
				for i := range b {
					if b[i] != 0 && !a.core.options.NoZero {
						t.Fatalf("round %d: byte %d of %d is %#x", round, i, size, b[i])
					}
					b[i] = byte(size + i)
				}
				pieces = append(pieces, piece{b, byte(size)})
			}
			for n, p := range pieces {
				for i := range p.b {
					if p.b[i] != p.seed+byte(i) {
						t.Fatalf("round %d: byte %d of piece %d was overwritten", round, i, n)
					}
				}
			}
			checkArena(t, a)
			a.Reset()
			checkArena(t, a)
		}
	})
}

func TestNew(t *testing.T) {
	each(t, func(t *testing.T, a *Arena) {
		var points []*point
		for i := range 2000 {
			p := New[point](a)
			if *p != (point{}) || addr(p)%uintptr(a.core.options.Align) != 0 {
				t.Fatalf("point %d is %v at %p", i, *p, p)
			}
			*p = point{i, -i}
			if b := New[byte](a); *b != 0 {
				t.Fatal("a byte is not zero")
			} else {
				*b = 0xff
			}
			points = append(points, p)
		}
		for i, p := range points {
			if *p != (point{i, -i}) {
				t.Fatalf("point %d is %v", i, *p)
			}
		}
	})
}

func TestNoSize(t *testing.T) {
	each(t, func(t *testing.T, a *Arena) {
		seen := map[uintptr]bool{}
		note := func(what string, p uintptr) {
			if p == 0 || seen[p] {
				t.Errorf("%s: %#x, which is nil or somebody else's", what, p)
			}
			seen[p] = true
		}
		for range 3 {
			note("New", addr(New[struct{}](a)))
			note("MakeSlice", addr(unsafe.SliceData(MakeSlice[int](a, 0, 0))))
			note("MakeSlice of nothing", addr(unsafe.SliceData(MakeSlice[struct{}](a, 5, 9))))
			p, err := a.Alloc(0, 1)
			if err != nil {
				t.Error(err)
			}
			note("Alloc", raw.Addr(p))
			note("NewLinked", addr(NewLinked[struct{}](a)))
			if s := CloneString(a, ""); s != "" {
				t.Errorf("CloneString of nothing is %q", s)
			}
			if s := Append[int](a, nil); len(s) != 0 {
				t.Errorf("Append of nothing is %v", s)
			}
		}
	})
}

// TestRefused: invalid options and requests return errors, and no memory is lost.
func TestRefused(t *testing.T) {
	a := open(t, Options{Name: "refusing", Limit: 1 << 20})
	New[point](a)
	before := a.Stats()
	for _, c := range []struct {
		name string
		do   func() error
		want error
	}{
		{"negative size", func() error { _, err := a.Alloc(-1, 8); return err }, alloc.ErrInvalidSize},
		{"no alignment", func() error { _, err := a.Alloc(8, 0); return err }, alloc.ErrInvalidSize},
		{"odd alignment", func() error { _, err := a.Alloc(8, 24); return err }, alloc.ErrInvalidSize},
		{"alignment beyond the largest", func() error { _, err := a.Alloc(8, alloc.MaxAlign+1); return err }, alloc.ErrInvalidSize},
		{"largest size", func() error { _, err := a.Alloc(math.MaxInt, 8); return err }, alloc.ErrInvalidSize},
		{"beyond the limit", func() error { _, err := a.Alloc(2<<20, 8); return err }, alloc.ErrLimit},
		{"negative length", func() error { return panicOf(func() { MakeSlice[int](a, -1, 4) }) }, alloc.ErrInvalidSize},
		{"length beyond capacity", func() error { return panicOf(func() { MakeSlice[int](a, 5, 4) }) }, alloc.ErrInvalidSize},
		{"overflow", func() error { return panicOf(func() { MakeSlice[point](a, 0, math.MaxInt/8) }) }, alloc.ErrInvalidSize},
		{"pointers", func() error { return panicOf(func() { New[*int](a) }) }, alloc.ErrHasPointers},
		{"hidden pointers", func() error { return panicOf(func() { MakeSlice[[2]struct{ s string }](a, 1, 1) }) }, alloc.ErrHasPointers},
		{"appended pointers", func() error { return panicOf(func() { Append(a, nil, "text") }) }, alloc.ErrHasPointers},
		{"linked, overflow", func() error { return panicOf(func() { MakeLinkedSlice[*int](a, 0, math.MaxInt/4) }) }, alloc.ErrInvalidSize},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.do()
			var e *Error
			if !errors.Is(err, c.want) || !errors.As(err, &e) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			wantWords(t, err, "arena: ", e.Op, `"refusing"`)
		})
	}
	if after := a.Stats(); after != before {
		t.Errorf("before %+v\nafter  %+v", before, after)
	}
	if p := New[point](a); *p != (point{}) {
		t.Error("the arena does not go on")
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		ok   bool
	}{
		{"none", Options{}, true},
		{"small bound", Options{MaxChunk: 2000}, true},
		{"large start", Options{InitialSize: 4 << 20}, true},
		{"start above the bound", Options{InitialSize: 4 << 20, MaxChunk: 1 << 20}, true},
		{"negative size", Options{InitialSize: -1}, false},
		{"negative bound", Options{MaxChunk: -1}, false},
		{"negative limit", Options{Limit: -1}, false},
		{"negative quarantine", Options{Quarantine: -1}, false},
		{"odd alignment", Options{Align: 48}, false},
		{"large alignment", Options{Align: 8192}, false},
		{"huge size", Options{InitialSize: math.MaxInt}, false},
		{"more than the limit", Options{InitialSize: 1 << 20, Limit: 1 << 10}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Allocator = host(t)
			a, err := NewArenaWithOptions(c.o)
			if (err == nil) != c.ok {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				if !errors.Is(err, alloc.ErrInvalidSize) && !errors.Is(err, alloc.ErrLimit) {
					t.Errorf("error %v", err)
				}
				return
			}
			for i := range 100 {
				New[[100]byte](a)[i] = 1
			}
			checkArena(t, a)
			a.Free()
		})
	}
}

// TestLimit: an arena takes no more than its limit, and can be used after it has reached
// the limit.
func TestLimit(t *testing.T) {
	a := open(t, Options{Limit: 256 << 10})
	for round := range 3 {
		n, err := 0, error(nil)
		for err == nil {
			if _, err = a.Alloc(1000, 8); err == nil {
				n++
			}
		}
		if !errors.Is(err, alloc.ErrLimit) {
			t.Fatal(err)
		}
		if s := a.Stats(); s.Reserved > 256<<10 || n < 200 {
			t.Errorf("round %d: %d allocations, %d bytes reserved", round, n, s.Reserved)
		}
		if err := panicOf(func() { New[[2000]byte](a) }); !errors.Is(err, alloc.ErrLimit) {
			t.Errorf("New: %v", err)
		}
		a.Reset()
	}
}

// TestSmallLimit: an arena with a limit below the size of a chunk can use all of the limit.
func TestSmallLimit(t *testing.T) {
	for _, limit := range []int64{2 << 10, 10_000, 100_000} {
		a := open(t, Options{Limit: limit})
		n := int64(0)
		for panicOf(func() { New[[2]int64](a) }) == nil {
			n += 16
		}
		if n > limit || n < limit*7/8 {
			t.Errorf("%d bytes of %d were allocated", n, limit)
		}
	}
}

func TestAppend(t *testing.T) {
	each(t, func(t *testing.T, a *Arena) {
		var s []int
		for i := range 5000 {
			s = Append(a, s, i)
			if i%97 == 0 {
				New[point](a).X = -1 // so that the slice cannot always grow in place
			}
		}
		s = Append(a, s, s[:100]...)
		if len(s) != 5100 {
			t.Fatalf("%d elements", len(s))
		}
		for i, v := range s {
			if v != i%5000 {
				t.Fatalf("element %d is %d", i, v)
			}
		}
		small := MakeSlice[byte](a, 3, 10)
		if cap(small) != 10 || len(small) != 3 {
			t.Errorf("MakeSlice(3, 10) has length %d, capacity %d", len(small), cap(small))
		}
		if grown := Append(a, small, 1, 2, 3); &grown[0] != &small[0] || len(grown) != 6 {
			t.Error("Append within the capacity moved the slice")
		}
	})
}

// TestAppendInPlace: the newest slice grows in place.
func TestAppendInPlace(t *testing.T) {
	a := open(t, Options{})
	s := MakeSlice[int](a, 4, 4)
	first := &s[0]
	if s = Append(a, s, 1, 2, 3, 4, 5); &s[0] != first {
		t.Error("the slice moved")
	}
	New[int](a)
	if s = Append(a, s, make([]int, 100)...); &s[0] == first {
		t.Error("the slice overwrote the next allocation")
	}
}

func TestCloneString(t *testing.T) {
	a := open(t, Options{})
	from := []byte("some text")
	s := CloneString(a, string(from))
	if s != "some text" || !arenaMemory.contains(stringAddr(s)) {
		t.Errorf("%q at %#x", s, stringAddr(s))
	}
}

// TestClone: Clone copies memory of an arena to the Go heap, and returns other values
// unchanged.
func TestClone(t *testing.T) {
	type (
		name string
		list []point
		ref  *point
	)
	a := NewArena()
	p := New[point](a)
	*p = point{3, 4}
	s := MakeSlice[point](a, 2, 9)
	s[1] = point{5, 6}
	text := CloneString(a, "text")
	large := MakeSlice[byte](a, 40<<20, 40<<20)
	large[33<<20] = 7

	p2, s2, text2, large2 := Clone(p), Clone(s), Clone(text), Clone(large[32<<20:])
	n2, l2, r2, i2 := Clone(name(text)), Clone(list(s)), Clone(ref(p)), Clone[any](p)
	for what, at := range map[string]uintptr{
		"pointer": addr(p2), "slice": addr(&s2[0]), "string": stringAddr(text2), "large slice": addr(&large2[0]),
		"named string": stringAddr(string(n2)), "named slice": addr(&l2[0]), "named pointer": addr((*point)(r2)),
		"interface": addr(i2.(*point)),
	} {
		if arenaMemory.contains(at) {
			t.Errorf("the copied %s is in an arena", what)
		}
	}
	a.Free()
	if *p2 != (point{3, 4}) || *r2 != (point{3, 4}) || *i2.(*point) != (point{3, 4}) {
		t.Errorf("pointers: %v %v %v", *p2, *r2, i2)
	}
	if len(s2) != 2 || cap(s2) != 2 || s2[1] != (point{5, 6}) || l2[1] != s2[1] {
		t.Errorf("slices: %v, capacity %d; %v", s2, cap(s2), l2)
	}
	if text2 != "text" || n2 != "text" || large2[1<<20] != 7 {
		t.Errorf("%q %q %d", text2, n2, large2[1<<20])
	}

	q, heap := &point{1, 2}, []int{1}
	if Clone(q) != q || &Clone(heap)[0] != &heap[0] || Clone("x") != "x" || Clone[*int](nil) != nil || Clone[[]int](nil) != nil {
		t.Error("memory outside arenas was copied")
	}
	for _, f := range []func(){func() { Clone(1) }, func() { Clone(point{}) }, func() { Clone[any](nil) }} {
		func() {
			defer func() {
				if v := recover(); v == nil || fmt.Sprint(v) != "arena: Clone only supports pointers, slices, and strings" {
					t.Errorf("panic(%v)", v)
				}
			}()
			f()
		}()
	}
}
