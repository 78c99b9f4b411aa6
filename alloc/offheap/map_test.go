// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

// must fails the test if err is not nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestMap compares Maps of several types with Go's map, over random operations.
func TestMap(t *testing.T) {
	type padded struct {
		a int8
		b int32
	}
	alloctest.EachMode(t, func(t *testing.T, heap *alloc.Allocator) {
		t.Run("uint64", func(t *testing.T) {
			playMap(t, heap, func(i int) uint64 { return uint64(i) }, func(i int) int { return i })
		})
		t.Run("stride", func(t *testing.T) {
			playMap(t, heap, func(i int) uint64 { return uint64(i) << 40 }, func(i int) [3]int8 { return [3]int8{int8(i)} })
		})
		t.Run("int32", func(t *testing.T) {
			playMap(t, heap, func(i int) int32 { return int32(-i) }, func(i int) struct{} { return struct{}{} })
		})
		t.Run("[2]int64", func(t *testing.T) {
			playMap(t, heap, func(i int) [2]int64 { return [2]int64{7, int64(i)} }, func(i int) [16]int64 { return [16]int64{15: int64(i)} })
		})
		t.Run("[5]byte", func(t *testing.T) {
			playMap(t, heap, func(i int) [5]byte { return [5]byte{byte(i), byte(i >> 8), byte(i >> 16)} },
				func(i int) [129]byte { return [129]byte{128: byte(i)} })
		})
		t.Run("float64", func(t *testing.T) {
			playMap(t, heap, func(i int) float64 { return float64(i) / 3 }, func(i int) [50]int64 { return [50]int64{49: int64(i)} })
		})
		t.Run("padded", func(t *testing.T) {
			playMap(t, heap, func(i int) padded { return padded{int8(i), int32(i)} }, func(i int) byte { return byte(i) })
		})
		t.Run("[300]byte", func(t *testing.T) {
			playMap(t, heap, func(i int) [300]byte { return [300]byte{byte(i), 299: byte(i >> 8)} }, func(i int) int16 { return int16(i) })
		})
	})
}

func playMap[K, V comparable](t *testing.T, heap *alloc.Allocator, key func(int) K, value func(int) V) {
	m, err := NewMap[K, V](heap, MapOptions{})
	must(t, err)
	defer m.Close()
	model := map[K]V{}
	random := rand.New(rand.NewPCG(1, 2))
	steps, keys := 60_000, 20_000
	if testing.Short() {
		steps /= 6
	}
	for step := range steps {
		k, v := key(random.IntN(keys)), value(random.IntN(1<<20))
		switch op := random.IntN(100); {
		case op < 50:
			must(t, m.Set(k, v))
			model[k] = v
		case op < 60:
			old, there := model[k]
			must(t, m.Update(k, func(now *V, found bool) {
				if *now != old || found != there {
					t.Fatalf("step %d: Update of %v sees %v %v, want %v %v", step, k, *now, found, old, there)
				}
				*now = v
			}))
			model[k] = v
		case op < 60+20*(step/10_000%3): // phases that grow and that shrink
			_, there := model[k]
			if m.Delete(k) != there {
				t.Fatalf("step %d: Delete of %v: want %v", step, k, there)
			}
			delete(model, k)
		default:
			want, there := model[k]
			got, ok := m.Get(k)
			p := m.Ref(k)
			if got != want || ok != there || (p != nil) != there || there && *p != want {
				t.Fatalf("step %d: %v is %v %v, want %v %v", step, k, got, ok, want, there)
			}
		}
		if step%10_000 == 7777 {
			equal(t, m, model)
		}
		if step == 50_000 {
			must(t, m.Clear())
			clear(model)
		}
	}
	equal(t, m, model)
}

// equal checks that m has the entries of model and satisfies its equations.
func equal[K, V comparable](t *testing.T, m *Map[K, V], model map[K]V) {
	t.Helper()
	must(t, m.check())
	seen := map[K]V{}
	for k, v := range m.All() {
		if _, twice := seen[k]; twice {
			t.Fatalf("key %v comes twice", k)
		}
		seen[k] = *v
		if want, there := model[k]; !there || *v != want {
			t.Fatalf("key %v is %v, want %v %v", k, *v, want, there)
		}
	}
	if len(seen) != len(model) || m.Len() != len(model) {
		t.Fatalf("%d entries, Len %d, want %d", len(seen), m.Len(), len(model))
	}
}

// TestMapAllChanges: the body of a loop may delete, set and add entries.
func TestMapAllChanges(t *testing.T) {
	alloctest.EachMode(t, func(t *testing.T, heap *alloc.Allocator) {
		for _, n := range []int{1, 7, 100, 3000, 20_000} {
			m, err := NewMap[int, [20]int](heap, MapOptions{})
			must(t, err)
			for i := range n {
				must(t, m.Set(i, [20]int{i}))
			}
			seen := map[int]int{}
			gone := map[int]bool{}
			added := n
			for k, v := range m.All() {
				if *v != [20]int{k} || gone[k] {
					t.Fatalf("key %d is %v", k, *v)
				}
				if seen[k]++; k >= n {
					continue
				}
				if k%3 == 0 {
					m.Delete(k)
					gone[k] = true
				}
				if k%5 == 0 && m.Delete(n-1-k) {
					gone[n-1-k] = true
				}
				for range 3 {
					must(t, m.Set(added, [20]int{added}))
					added++
				}
			}
			for k := range added {
				if seen[k] > 1 || k < n && !gone[k] && seen[k] == 0 {
					t.Fatalf("of %d: key %d came %d times", n, k, seen[k])
				}
			}
			must(t, m.check())
			for range m.All() { // Clear and Close end a loop
				must(t, m.Clear())
			}
			must(t, m.Set(1, [20]int{}))
			for range m.All() {
				m.Close()
			}
		}
	})
}

// TestMapPointers: types with Go pointers are refused.
func TestMapPointers(t *testing.T) {
	if _, err := NewMap[string, int](nil, MapOptions{}); !errors.Is(err, alloc.ErrHasPointers) {
		t.Error(err)
	}
	if _, err := NewShardedMap[int, []byte](nil, MapOptions{}); !errors.Is(err, alloc.ErrHasPointers) {
		t.Error(err)
	}
}

// TestMapNaN: as in Go's map.
func TestMapNaN(t *testing.T) {
	var heap alloc.Allocator
	alloctest.NoLeaks(t, &heap)
	m, err := NewMap[float64, int](&heap, MapOptions{})
	must(t, err)
	defer m.Close()
	for i := range 3000 {
		must(t, m.Set(math.NaN(), i))
	}
	must(t, m.Set(0, 1))
	if _, ok := m.Get(math.NaN()); ok || m.Len() != 3001 {
		t.Error(ok, m.Len())
	}
	if v, ok := m.Get(math.Copysign(0, -1)); v != 1 || !ok {
		t.Error("−0 is not 0")
	}
	n := 0
	for range m.All() {
		n++
	}
	if n != 3001 {
		t.Error(n)
	}
}

// TestMapNoMemory: when memory is short, a Set fails and changes nothing.
func TestMapNoMemory(t *testing.T) {
	heap, err := alloc.NewAllocator(alloc.Options{Limit: 4 << 20})
	must(t, err)
	alloctest.NoLeaks(t, heap)
	m, err := NewMap[int, [40]int](heap, MapOptions{})
	must(t, err)
	defer m.Close()
	n := 0
	for ; err == nil; n++ {
		err = m.Set(n, [40]int{n})
	}
	if n--; n < 1000 || m.Len() != n || !errors.Is(err, alloc.ErrLimit) {
		t.Fatal(n, m.Len(), err)
	}
	must(t, m.check())
	for i := range n {
		if v, ok := m.Get(i); !ok || v != [40]int{i} {
			t.Fatal(i, v, ok)
		}
	}
	for i := range n {
		if m.Delete(i) != true {
			t.Fatal(i)
		}
	}
	must(t, m.Set(n, [40]int{}))
}

// TestMapLongDirectory: the entries of a long directory that are not copied yet are found.
func TestMapLongDirectory(t *testing.T) {
	var heap alloc.Allocator
	alloctest.NoLeaks(t, &heap)
	m, err := NewMap[[300]byte, struct{}](&heap, MapOptions{})
	must(t, err)
	defer m.Close()
	key := func(i int) [300]byte { return [300]byte{byte(i), byte(i >> 8), byte(i >> 16)} }
	n, behind := 0, 0
	for ; n < 300_000; n++ {
		must(t, m.Set(key(n), struct{}{}))
		if m.filled < len(m.directory) {
			if behind++; behind%32 == 1 {
				must(t, m.check())
			}
		}
		if _, ok := m.Get(key(n / 2)); !ok {
			t.Fatal(n / 2)
		}
	}
	if behind == 0 {
		t.Error("the directory was never copied step by step")
	}
	must(t, m.check())
}
