// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"reflect"
	"runtime"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

type node struct {
	Key         int
	Left, Right *node
}

// insert adds a key to the tree at n.
func insert(a *Arena, n *node, key int) *node {
	if n == nil {
		n = NewLinked[node](a)
		n.Key = key
	} else if key < n.Key {
		n.Left = insert(a, n.Left, key)
	} else {
		n.Right = insert(a, n.Right, key)
	}
	return n
}

// walk counts the nodes of the tree at n, and fails if they are out of order.
func walk(t *testing.T, n *node, low, high int) int {
	if n == nil {
		return 0
	}
	if n.Key < low || n.Key >= high {
		t.Fatalf("key %d is not between %d and %d", n.Key, low, high)
	}
	return 1 + walk(t, n.Left, low, n.Key) + walk(t, n.Right, n.Key, high)
}

// TestLinked builds trees of linked nodes while the collector runs.
func TestLinked(t *testing.T) {
	each(t, func(t *testing.T, a *Arena) {
		for round := range 3 {
			var root *node
			for i := range 4000 {
				root = insert(a, root, i*7919%4001)
				if i%16 == 0 {
					CloneString(a, "something between")
				}
				if i%1500 == 0 {
					runtime.GC()
				}
			}
			if n := walk(t, root, 0, 4001); n != 4000 {
				t.Fatalf("round %d: %d nodes", round, n)
			}
			if err := a.Audit(); err != nil {
				t.Fatal(err)
			}
			a.Reset()
		}
	})
}

// TestLinkedZero: linked memory is zero even with NoZero, because the write barrier reads
// the old value of a slot.
func TestLinkedZero(t *testing.T) {
	each(t, func(t *testing.T, a *Arena) {
		for range 3 {
			for i := range 2000 {
				n := NewLinked[node](a)
				s := MakeLinkedSlice[*node](a, 2, 3)
				if *n != (node{}) || s[0] != nil || s[1] != nil || s[:3][2] != nil {
					t.Fatalf("%+v %v", *n, s)
				}
				n.Key, n.Left, s[1] = i, n, n
				MakeSlice[byte](a, 24, 24)[23] = 0xff
			}
			a.Reset()
		}
	})
}

type everything struct {
	Name  string
	Kids  []*everything
	Any   any
	Err   error
	Map   map[int]int
	Func  func()
	Chan  chan int
	Raw   unsafe.Pointer
	Deep  [2]struct{ P *point }
	plain int
}

// TestAudit: Audit finds the field that points out of the arena, for each kind of field.
func TestAudit(t *testing.T) {
	outside := new(point)
	for _, c := range []struct {
		path string
		set  func(a *Arena, e *everything)
	}{
		{"", func(*Arena, *everything) {}},
		{"", func(a *Arena, e *everything) {
			e.Name = CloneString(a, "inside")
			e.Kids = MakeLinkedSlice[*everything](a, 2, 2)
			e.Kids[1] = e
			e.Any, e.Raw, e.Deep[1].P, e.plain = New[point](a), unsafe.Pointer(e), New[point](a), 1
		}},
		{"", func(a *Arena, e *everything) { e.Kids = []*everything{}; e.Name = "x"[1:] }},
		{"Name", func(_ *Arena, e *everything) { e.Name = string([]byte("outside")) }},
		{"Kids", func(_ *Arena, e *everything) { e.Kids = make([]*everything, 0, 1) }},
		{"Any", func(_ *Arena, e *everything) { e.Any = outside }},
		{"Any", func(_ *Arena, e *everything) { e.Any = 12345 }},
		{"Err", func(_ *Arena, e *everything) { e.Err = errors.New("outside") }},
		{"Map", func(_ *Arena, e *everything) { e.Map = map[int]int{} }},
		{"Func", func(_ *Arena, e *everything) { e.Func = func() { outside.X++ } }},
		{"Chan", func(_ *Arena, e *everything) { e.Chan = make(chan int) }},
		{"Raw", func(_ *Arena, e *everything) { e.Raw = unsafe.Pointer(outside) }},
		{"Raw", func(a *Arena, e *everything) {
			s := a.core.spans()
			e.Raw = raw.Pointer(s[len(s)-1].limit) // the first byte after the arena
		}},
		{"Deep[1].P", func(_ *Arena, e *everything) { e.Deep[1].P = outside }},
		{"Deep[0].P", func(_ *Arena, e *everything) {
			other := open(t, Options{})
			e.Deep[0].P = New[point](other)
		}},
	} {
		t.Run("path="+c.path, func(t *testing.T) {
			each(t, func(t *testing.T, a *Arena) {
				for range 100 {
					NewLinked[everything](a)
				}
				e := NewLinked[everything](a)
				for range 100 {
					NewLinked[node](a)
				}
				c.set(a, e)
				err := a.Audit()
				if c.path == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				var l *LinkError
				if !errors.As(err, &l) || l.Path != c.path || l.Object != addr(e) {
					t.Fatalf("Audit: %v", err)
				}
				wantWords(t, err, "arena.everything", c.path, "arena made at")
				*e = everything{} // otherwise the collector finds pointers to freed memory
				runtime.KeepAlive(outside)
			})
		})
	}
}

// TestAuditSlice: Audit checks all elements of linked slices.
func TestAuditSlice(t *testing.T) {
	a := open(t, Options{})
	s := MakeLinkedSlice[node](a, 3, 200)[:200]
	s[150].Right = new(node)
	var l *LinkError
	if err := a.Audit(); !errors.As(err, &l) || l.Object != addr(&s[150]) || l.Path != "Right" {
		t.Error(err)
	}
	for i := range s {
		s[i].Left = new(node)
	}
	if err := a.Audit().(interface{ Unwrap() []error }); len(err.Unwrap()) != maxLinkErrors {
		t.Errorf("%d errors", len(err.Unwrap()))
	}
	a.Reset()
	if err := a.Audit(); err != nil {
		t.Errorf("after Reset: %v", err)
	}
}

// TestAuditStrides: Audit finds objects of NewLinked after a linked slice at their right
// addresses, even if their stride differs from the slice's (12 and 16 bytes on 32 bits).
func TestAuditStrides(t *testing.T) {
	type narrow struct {
		a, b uint32
		p    *narrow
	}
	a := open(t, Options{})
	MakeLinkedSlice[narrow](a, 2, 2)
	var objects []*narrow
	for range 6 {
		n := NewLinked[narrow](a)
		n.a, n.b = 0xdeadbeef, 0xdeadbeef
		objects = append(objects, n)
	}
	if err := a.Audit(); err != nil {
		t.Errorf("no pointers: %v", err)
	}
	for i, n := range objects {
		n.a, n.b, n.p = 0, 0, new(narrow)
		var l *LinkError
		if err := a.Audit(); !errors.As(err, &l) || l.Object != addr(n) {
			t.Errorf("object %d: %v", i, err)
		}
		n.p = nil
	}
}

// TestAuditFunc: for a function Audit checks the closure that the field points to, and does
// not follow the closure.
func TestAuditFunc(t *testing.T) {
	a := open(t, Options{})
	e := NewLinked[everything](a)
	x := 0
	for path, set := range map[string]func() uintptr{
		"Func": func() uintptr { e.Func = func() { x++ }; return addr(&e.Func) },
		"Any":  func() uintptr { e.Any = func() { x++ }; return addr(&e.Any) + wordSize },
	} {
		word := raw.At[uintptr](set())
		for _, wild := range []bool{false, true} {
			if wild {
				*word = 0x1000
			}
			var l *LinkError
			if err := a.Audit(); !errors.As(err, &l) || l.Path != path || l.Target != *word || l.Kind != reflect.Func {
				t.Errorf("%s, wild %v: %v, want %#x", path, wild, err, *word)
			}
		}
		*word = 0
		*e = everything{}
	}
}
