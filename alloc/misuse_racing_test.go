// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/largeobj"
)

// TestMisuseRacing: if two calls free or resize one block at the same moment, one succeeds
// and the other panics with a *MisuseError, in every mode of the Allocator. Both may
// succeed if one runs after the other, as Realloc in place and then Free.
func TestMisuseRacing(t *testing.T) {
	const size = 200_000
	calls := map[string]func(*Allocator, unsafe.Pointer) (unsafe.Pointer, error){
		"free":   func(a *Allocator, p unsafe.Pointer) (unsafe.Pointer, error) { a.Free(p); return nil, nil },
		"grow":   func(a *Allocator, p unsafe.Pointer) (unsafe.Pointer, error) { return a.Realloc(p, 3*size) },
		"shrink": func(a *Allocator, p unsafe.Pointer) (unsafe.Pointer, error) { return a.Realloc(p, size/2) },
		"small":  func(a *Allocator, p unsafe.Pointer) (unsafe.Pointer, error) { return a.Realloc(p, 1000) },
		"size":   func(_ *Allocator, p unsafe.Pointer) (unsafe.Pointer, error) { UsableSize(p); return nil, nil },
		"verify": func(a *Allocator, _ unsafe.Pointer) (unsafe.Pointer, error) { return nil, a.Inspect().Verify() },
	}
	pairs := [][2]string{{"free", "free"}, {"free", "grow"}, {"free", "shrink"}, {"free", "small"}, {"grow", "grow"},
		{"small", "small"}, {"shrink", "grow"}, {"size", "free"}, {"verify", "free"}, {"verify", "grow"}}
	for _, c := range []struct {
		name    string
		options Options
		size    int
	}{
		{"retained", still, size},
		{"unmapped", Options{Decay: -1, Large: largeobj.Options{Policy: largeobj.Unmap}}, size},
		{"carved", Options{Decay: -1, Large: largeobj.Options{MaxMappings: 1}}, size},
		{"not cached", still, 4 << 20},
		{"profiled", Options{Decay: -1, ProfileRate: 1, Large: largeobj.Options{Policy: largeobj.Unmap}}, size},
		{"profiled, small", Options{Decay: -1, ProfileRate: 1}, 1000},
		{"zeroed", Options{Decay: -1, Hardening: Hardening{ZeroOnFree: true}, Large: largeobj.Options{Policy: largeobj.Unmap}}, size},
		{"zeroed, small", Options{Decay: -1, Hardening: Hardening{ZeroOnFree: true}}, 60_000},
		{"checked", strict, size},
		{"checked, small", strict, 1000},
		{"guarded", guardAll, 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			old := &bystander{a: open(t, still)}
			old.keep(t)
			a := open(t, c.options)
			for _, pair := range pairs {
				for range fewer(400) {
					raceFor(t, a, alloc(t, a, c.size), calls[pair[0]], calls[pair[1]])
				}
			}
			if err := a.Inspect().Verify(); err != nil {
				t.Error(err)
			}
			old.release(t)
		})
	}
}

// raceFor runs two calls for block p at the same time, and frees what they return. If both
// free the block, one must succeed, because the block is live at first.
func raceFor(t *testing.T, a *Allocator, p unsafe.Pointer, calls ...func(*Allocator, unsafe.Pointer) (unsafe.Pointer, error)) {
	var ready atomic.Int32
	var done sync.WaitGroup
	var succeeded atomic.Int32
	for _, call := range calls {
		done.Go(func() {
			debug.SetPanicOnFault(true) // the setting ends with the goroutine
			var q unsafe.Pointer
			v := panicOf(func() {
				for ready.Add(1); int(ready.Load()) < len(calls); {
					runtime.Gosched()
				}
				var err error
				if q, err = call(a, p); err != nil {
					t.Error(err)
				}
				succeeded.Add(1)
			})
			if v == nil && q != nil {
				v = panicOf(func() { a.Free(q) }) // after a Realloc in place the other call may have freed the block
			}
			var m *MisuseError
			if err, ok := v.(error); v != nil && (!ok || !errors.As(err, &m)) {
				t.Errorf("panic(%v), want a *MisuseError", v)
			}
		})
	}
	done.Wait()
	if succeeded.Load() == 0 {
		t.Error("both calls failed")
	}
}
