// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"runtime"
	"sync"
	"testing"
)

// TestConcurrent allocates from one arena with more goroutines than there are lanes. No two
// goroutines may get the same memory.
func TestConcurrent(t *testing.T) {
	const goroutines, each = 32, 3000
	a := open(t, Options{Concurrent: true})
	for range 3 {
		var pieces [goroutines][]*[3]uint64
		var tree [goroutines]*node
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := range uint64(each) {
					p := New[[3]uint64](a)
					if *p != [3]uint64{} {
						t.Error("not zero")
						return
					}
					*p = [3]uint64{uint64(g), i, ^i}
					pieces[g] = append(pieces[g], p)
					switch i % 64 {
					case 0:
						if s := CloneString(a, "text"); s != "text" {
							t.Error(s)
						}
						tree[g] = insert(a, tree[g], int(i))
					case 1:
						b := MakeSlice[byte](a, 10_000, 10_000)
						b[0], b[9_999] = 1, 1
					}
				}
			})
		}
		wg.Wait()
		for g := range pieces {
			for i, p := range pieces[g] {
				if *p != [3]uint64{uint64(g), uint64(i), ^uint64(i)} {
					t.Fatalf("piece %d of goroutine %d was overwritten: %v", i, g, *p)
				}
			}
			if n := walk(t, tree[g], 0, each); n != (each+63)/64 {
				t.Errorf("the tree of goroutine %d has %d nodes", g, n)
			}
		}
		if err := a.Audit(); err != nil {
			t.Error(err)
		}
		checkArena(t, a)
		a.Reset()
	}
}

// TestMoreProcessors: goroutines can allocate on processors that were added later.
func TestMoreProcessors(t *testing.T) {
	before := runtime.GOMAXPROCS(1)
	a := open(t, Options{Concurrent: true})
	runtime.GOMAXPROCS(len(a.lanes) + 4)
	defer runtime.GOMAXPROCS(before)
	var wg sync.WaitGroup
	var pieces sync.Map
	for range 4 * len(a.lanes) {
		wg.Go(func() {
			for range 300 {
				if _, twice := pieces.LoadOrStore(New[int](a), true); twice {
					t.Error("memory was allocated twice")
				}
			}
		})
	}
	wg.Wait()
}

// TestManyArenas: goroutines make and free arenas of one allocator, call Stats and Clone,
// all at once.
func TestManyArenas(t *testing.T) {
	h := host(t)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 100 {
				a, err := NewArenaWithOptions(Options{Allocator: h, Concurrent: g%2 == 0, Checked: g == 7})
				if err != nil {
					t.Error(err)
					return
				}
				p := New[point](a)
				*p = point{g, i}
				NewLinked[node](a)
				if c := Clone(p); c == p || *c != *p {
					t.Errorf("the clone of %v is %v", *p, *c)
				}
				if i%10 == 0 {
					numbers(h)
				}
				a.Reset()
				a.Free()
			}
		})
	}
	wg.Wait()
	if n := len(numbers(h).Arenas); n != 0 {
		t.Errorf("%d arenas are listed", n)
	}
}
