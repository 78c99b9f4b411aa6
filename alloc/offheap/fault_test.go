// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A shortage is a use of a structure whose memory runs out at one moment. A call that fails is
// repeated at once, and once more when there is memory again. That one must succeed.
type shortage struct {
	t      *testing.T
	heap   *alloc.Allocator
	failed int // calls
}

// perform makes a call. unchanged says what a failure has changed.
func (s *shortage) perform(call, unchanged func() error) {
	s.t.Helper()
	_, wrong := vm.Insist(call, func(err error) error {
		if s.failed++; !errors.Is(err, alloc.ErrLimit) && !errors.Is(err, alloc.ErrOutOfMemory) {
			return err
		}
		return errors.Join(unchanged(), s.heap.Inspect().Verify())
	}, func() func() {
		vm.Inject(nil)
		must(s.t, s.heap.SetLimit(0))
		return func() {}
	})
	if wrong != nil {
		s.t.Fatal(wrong)
	}
}

// An anyMap is a Map or a ShardedMap.
type anyMap interface {
	Set(key int, value [5]int) error
	Get(key int) ([5]int, bool)
	Delete(key int) bool
	Len() int
	Close()
}

// fill sets keys and deletes every third.
func (s *shortage) fill(open func() (anyMap, error)) {
	const n = 2500
	var m anyMap
	s.perform(func() (err error) {
		m, err = open()
		return err
	}, func() error { return nil })
	defer m.Close()
	holds := func(end int) error {
		for i := range end {
			if v, ok := m.Get(i); ok != (i%3 != 0 || i+3 >= end) || ok && v != [5]int{i} {
				return fmt.Errorf("key %d of %d is %v %v", i, end, v, ok)
			}
		}
		if _, ok := m.Get(end); ok {
			return fmt.Errorf("key %d is there", end)
		}
		return nil
	}
	for i := range n {
		s.perform(func() error { return m.Set(i, [5]int{i}) }, func() error { return holds(i) })
		if i%3 == 0 && i > 0 && !m.Delete(i-3) {
			s.t.Fatalf("key %d is lost", i-3)
		}
	}
	if err := holds(n); err != nil || m.Len() != n-n/3 {
		s.t.Fatalf("%v; %d keys", err, m.Len())
	}
}

// shortages are the uses.
var shortages = map[string]func(s *shortage){
	"Map": func(s *shortage) {
		s.fill(func() (anyMap, error) { return opened(NewMap[int, [5]int](s.heap, MapOptions{})) })
	},
	"ShardedMap": func(s *shortage) {
		s.fill(func() (anyMap, error) { return opened(NewShardedMap[int, [5]int](s.heap, MapOptions{})) })
	},
	"Cache": func(s *shortage) {
		var c *Cache[string, []byte]
		s.perform(func() (err error) {
			c, err = NewCache[string, []byte](s.heap, CacheOptions{Bytes: 200 << 10})
			return err
		}, func() error { return nil })
		defer c.Close()
		for i := range 400 {
			key, value := fmt.Sprint(i%300), bytes.Repeat([]byte{byte(i)}, i*7%900)
			s.perform(func() error { return c.Set(key, value, 0) }, func() error {
				if got, ok := c.Get(nil, key); ok {
					return fmt.Errorf("a Set that failed left %q", got)
				}
				return nil
			})
			if got, ok := c.Get(nil, key); !ok || !bytes.Equal(got, value) {
				s.t.Fatalf("key %s is %q %v", key, got, ok)
			}
		}
	},
	"Slots": func(s *shortage) {
		slots, err := NewSlots[[9]int](s.heap, SlotsOptions{})
		must(s.t, err)
		defer slots.Close()
		var handles []Handle[[9]int]
		for i := range 3000 {
			var h Handle[[9]int]
			s.perform(func() (err error) {
				h, err = slots.Add([9]int{i})
				return err
			}, func() error {
				if h != 0 || slots.Len() != len(handles) {
					return fmt.Errorf("a failed Add returned %#x; %d values, want %d", h, slots.Len(), len(handles))
				}
				return nil
			})
			handles = append(handles, h)
		}
		for i, h := range handles {
			if *slots.Get(h) != [9]int{i} {
				s.t.Fatalf("value %d is %v", i, *slots.Get(h))
			}
		}
	},
	"Interner": func(s *shortage) {
		in := NewInterner(s.heap, InternerOptions{})
		defer in.Close()
		var texts []Text
		text := func(i int) string { return fmt.Sprint("text ", i*i) }
		for i := range 2500 {
			var x Text
			s.perform(func() (err error) {
				x, err = in.Intern(text(i))
				return err
			}, func() error {
				if _, there := in.Lookup(text(i)); there || in.Len() != i {
					return fmt.Errorf("a failed Intern: %d strings, want %d; found: %v", in.Len(), i, there)
				}
				return nil
			})
			texts = append(texts, x)
		}
		for i, x := range texts {
			if in.String(x) != text(i) {
				s.t.Fatalf("string %d is %q", i, in.String(x))
			}
		}
	},
}

// opened keeps a nil pointer from becoming an anyMap.
func opened[T anyMap](m T, err error) (anyMap, error) {
	if err != nil {
		return nil, err
	}
	return m, nil
}

// TestShortages makes the memory of each structure run out at every moment: from the n-th kernel call
// on, and at a limit of n pages of the heap.
func TestShortages(t *testing.T) {
	const page = 8 << 10
	for name, use := range shortages {
		for _, cause := range []struct {
			name  string
			begin func(heap *alloc.Allocator, n int) error
		}{
			{"kernel", func(_ *alloc.Allocator, n int) error {
				calls := 0
				vm.Inject(func(vm.Op) error {
					if calls++; calls <= n {
						return nil
					}
					return fmt.Errorf("%w: injected", vm.ErrOutOfMemory)
				})
				return nil
			}},
			{"limit", func(heap *alloc.Allocator, n int) error { return heap.SetLimit(int64(n*page) + 1) }},
		} {
			t.Run(name+"/"+cause.name, func(t *testing.T) {
				defer vm.Inject(nil)
				failed, last := 0, 1
				for n := 0; last > 0; n++ {
					heap, err := alloc.NewAllocator(alloc.Options{Decay: -1})
					must(t, err)
					must(t, cause.begin(heap, n))
					s := &shortage{t: t, heap: heap}
					use(s)
					vm.Inject(nil)
					last = s.failed
					failed += last
					if live := heap.Stats(); live.Live() != 0 {
						t.Fatalf("%d blocks are live after Close", live.Live())
					}
					must(t, heap.Close())
				}
				if failed == 0 && cause.name == "limit" {
					t.Error("nothing ever failed")
				}
			})
		}
	}
}
