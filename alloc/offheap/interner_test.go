// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

// TestInterner compares an Interner with a map of users.
func TestInterner(t *testing.T) {
	alloctest.EachMode(t, func(t *testing.T, heap *alloc.Allocator) {
		in := NewInterner(heap, InternerOptions{})
		defer in.Close()
		users, texts := map[string]int{}, map[string]Text{}
		random := rand.New(rand.NewPCG(9, 8))
		for step := range 20_000 {
			s := strings.Repeat("s", random.IntN(3)) + fmt.Sprint(random.IntN(1+step/5))
			if step%50 == 0 {
				s = ""
			}
			switch n := users[s]; {
			case n > 0 && random.IntN(2) == 0:
				in.Release(texts[s])
				users[s]--
			case n > 0 && random.IntN(2) == 0:
				in.Retain(texts[s])
				users[s]++
			default:
				text, err := in.Intern(s)
				must(t, err)
				if n > 0 && text != texts[s] || in.String(text) != s {
					t.Fatalf("step %d: %q is %#x, then %#x: %q", step, s, texts[s], text, in.String(text))
				}
				texts[s] = text
				users[s]++
			}
			if text, ok := in.Lookup(s); ok != (users[s] > 0) || ok && text != texts[s] {
				t.Fatalf("step %d: %q is %#x %v", step, s, text, ok)
			}
		}
		n := 0
		for s, text := range texts {
			if users[s] > 0 {
				if n++; in.String(text) != s {
					t.Errorf("%q is %q", s, in.String(text))
				}
			} else {
				misused(t, alloc.UseAfterFree, "Interner.String", func() { in.String(text) })
				misused(t, alloc.DoubleFree, "Interner.Release", func() { in.Release(text) })
			}
		}
		if in.Len() != n {
			t.Errorf("%d strings, want %d", in.Len(), n)
		}
	})
}

// TestInternerShared: goroutines intern and release the same strings.
func TestInternerShared(t *testing.T) {
	var heap alloc.Allocator
	alloctest.NoLeaks(t, &heap)
	in := NewInterner(&heap, InternerOptions{})
	defer in.Close()
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for i := range 5000 {
				s := fmt.Sprint(i % 37)
				text, err := in.Intern(s)
				if err != nil || in.String(text) != s {
					t.Error(err)
				}
				in.Release(text)
			}
		})
	}
	wait.Wait()
	if in.Len() != 0 {
		t.Error(in.Len())
	}
}

func TestInternerMisuse(t *testing.T) {
	var heap alloc.Allocator
	alloctest.NoLeaks(t, &heap)
	in := NewInterner(&heap, InternerOptions{})
	text, err := in.Intern("x")
	must(t, err)
	misused(t, alloc.InvalidPointer, "Interner.String", func() { in.String(0) })
	misused(t, alloc.InvalidPointer, "Interner.Release", func() { in.Release(0) })
	in.Close()
	in.Close()
	misused(t, alloc.UseAfterClose, "Interner.String", func() { in.String(text) })
	misused(t, alloc.UseAfterClose, "Interner.Lookup", func() { in.Lookup("x") })
	misused(t, alloc.UseAfterClose, "Interner.Intern", func() { _, _ = in.Intern("x") })
	misused(t, alloc.UseAfterClose, "Interner.Retain", func() { in.Retain(text) })
	misused(t, alloc.UseAfterClose, "Interner.Release", func() { in.Release(text) })
}
