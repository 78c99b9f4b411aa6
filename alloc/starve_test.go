// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// starve takes all metadata and lets no more be mapped, until the returned function is
// called.
func starve() (feed func()) {
	vm.Inject(func(op vm.Op) error {
		if op == vm.OpMap {
			return errInjected
		}
		return nil
	})
	type piece struct{ at, size uintptr }
	var taken []piece
	for _, size := range []uintptr{32 << 10, 8 << 10, cacheSize, 4 << 10, 2 << 10} {
		for p, err := metadata.Alloc(size); err == nil; p, err = metadata.Alloc(size) {
			taken = append(taken, piece{p, size})
		}
	}
	for size := uintptr(4 << 10); size > 0; size -= 16 {
		for p, err := metadata.Alloc(size); err == nil; p, err = metadata.Alloc(size) {
			taken = append(taken, piece{p, size})
		}
	}
	return func() {
		vm.Inject(nil)
		for _, p := range taken {
			metadata.Free(p.at, p.size)
		}
	}
}

// TestStarved: without memory for caches and magazines, allocating fails and freeing works.
func TestStarved(t *testing.T) {
	for _, c := range []struct {
		name  string
		first func(a *Allocator) // before memory is exhausted
	}{
		{"no cache", func(a *Allocator) { a.Trim() }},
		{"no magazines", func(a *Allocator) {
			a.Trim()
			if p, err := a.Malloc(3000); err == nil { // creates a cache
				a.Free(p)
			}
		}},
		{"a magazine but no span", func(a *Allocator) {
			a.Trim()
			if p, err := a.Malloc(3000); err == nil {
				a.Free(p)
			}
			c := sizeclass.Of(7000)
			if m, _, err := a.depots[c].TakeEmpty(c, 0, smallheap.Capacity(c)); err == nil {
				a.depots[c].Put(c, m)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := open(t, still)
			l := local(t, a)
			const size = 200
			var blocks []unsafe.Pointer
			for range 3000 {
				blocks = append(blocks, alloc(t, a, size))
			}
			large := alloc(t, a, 1<<20)
			c.first(a)

			feed := starve()
			for _, get := range []func() (unsafe.Pointer, error){
				func() (unsafe.Pointer, error) { return a.Malloc(7000) },
				func() (unsafe.Pointer, error) { return a.Calloc(7, 1000) },
				func() (unsafe.Pointer, error) { return l.Malloc(7000) },
				func() (unsafe.Pointer, error) { return a.Memalign(4096, 5000) },
				func() (unsafe.Pointer, error) { return a.Malloc(300 << 10) },
				func() (unsafe.Pointer, error) { return a.Realloc(blocks[0], 7000) },
			} {
				if p, err := get(); p != nil || !errors.Is(err, ErrOutOfMemory) {
					t.Errorf("got %p, %v; want ErrOutOfMemory", p, err)
				}
			}
			if q, err := a.Realloc(blocks[1], 200); q != blocks[1] || err != nil {
				t.Errorf("Realloc to the same size = %p, %v", q, err)
			}
			var kept, freed []unsafe.Pointer
			for i, p := range blocks {
				switch i % 3 {
				case 0:
					a.Free(p)
					freed = append(freed, p)
				case 1:
					l.Free(p)
					freed = append(freed, p)
				default:
					kept = append(kept, p)
				}
			}
			a.Free(large)
			for _, p := range freed[:10] {
				v := panicOf(func() { a.Free(p) })
				var m *MisuseError
				if err, ok := v.(error); !ok || !errors.As(err, &m) {
					t.Errorf("a double free without memory: panic(%v)", v)
				}
			}
			check(t, a)
			for _, p := range kept {
				a.Free(p)
			}
			check(t, a)
			feed()
			check(t, a)
			stillWorks(t, a, l)
			l.Close()
			drained(t, a)
		})
	}
}
