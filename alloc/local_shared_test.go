// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// TestLocalShared: if two goroutines use one Local at the same time, calls panic with a
// *MisuseError or succeed. Malloc never returns nil without an error. Other Allocators, whose
// metadata lies next to the Local's, are not damaged. TestLocalBusy and TestLocalTorn have the
// moments at which the mistake is always reported.
func TestLocalShared(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector reports it: see TestRaces")
	}
	if runtime.GOARCH == "wasm" {
		t.Skip("two calls at the same time: not supported on " + runtime.GOOS)
	}
	for _, o := range []Options{still, {Decay: 1}, strict} {
		for range 5 {
			shareLocal(t, o)
		}
	}
}

// shareLocal uses one Local from two goroutines, beside a correctly used one.
func shareLocal(t *testing.T, o Options) {
	a, err := NewAllocator(o)
	if err != nil {
		t.Fatal(err)
	}
	l := a.NewLocal()
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for i := range 300 {
				v := panicOf(func() { mallocAndFree(t, l, 16<<(i%9)) })
				var m *MisuseError
				if e, ok := v.(error); v != nil && (!ok || !errors.As(e, &m)) {
					t.Errorf("panic(%v), want a *MisuseError", v)
				}
			}
		})
	}
	innocent, err := NewAllocator(Options{Decay: 1})
	if err != nil {
		t.Fatal(err)
	}
	b := &bystander{a: innocent}
	for range 5 {
		b.keep(t)
		runtime.Gosched()
		b.release(t)
	}
	all.Wait()
	innocent.purger.stop()
	if err := innocent.checkInvariants(); err != nil {
		t.Error(err)
	}
	if err := innocent.Close(); err != nil {
		t.Error(err)
	}
	if err := a.Close(); err != nil && !o.Checked { // a checked Allocator has found damage
		t.Error(err)
	}
}

// mallocAndFree allocates and frees as many blocks as fill several magazines.
func mallocAndFree(t *testing.T, l *Local, size int) {
	var blocks [300]unsafe.Pointer
	for i := range blocks {
		p, err := l.Malloc(size)
		if err != nil || p == nil {
			t.Errorf("Malloc = %p, %v", p, err)
			return
		}
		blocks[i] = p
	}
	for _, p := range blocks {
		l.Free(p)
	}
}

// TestLocalBusy: a slow path that runs at the same time as another one panics. The Local
// stays usable.
func TestLocalBusy(t *testing.T) {
	a := open(t, still)
	l := local(t, a)
	p := alloc(t, a, 1000)
	l.begin(opMalloc)
	for op, f := range map[string]func(){
		"Malloc":   func() { _, _ = l.Malloc(1000) },
		"Calloc":   func() { _, _ = l.Calloc(1, 1000) },
		"Memalign": func() { _, _ = l.Memalign(64, 1000) },
		"Realloc":  func() { _, _ = l.Realloc(p, 2000) },
		"Free":     func() { l.Free(p) },
		"Close":    func() { l.Close() },
	} {
		wantMisuse(t, f, MisuseError{Kind: SharedLocal, Op: op}, "another goroutine uses this Local")
	}
	a.Trim() // does not wait for the other slow path
	l.end()
	l.Free(p)
	l.Free(alloc(t, l, 1000))
}

// TestLocalTorn: two goroutines use a Local at once, and one of them continues in a
// magazine that the other has exchanged. The next slow path reports this. Afterwards the
// Local works again.
func TestLocalTorn(t *testing.T) {
	a, err := NewAllocator(still)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	l, k := a.NewLocal(), a.NewLocal()
	const size = 20_000
	p, q := alloc(t, l, size), alloc(t, k, size)
	c := spanOf(p).Class
	*raw.At[uintptr](raw.Addr(unsafe.Pointer(classCacheOf(l.cache, c)))) = // top is the first word
		*raw.At[uintptr](raw.Addr(unsafe.Pointer(classCacheOf(k.cache, c))))
	var blocks []unsafe.Pointer
	wantMisuse(t, func() {
		for range 100 {
			blocks = append(blocks, alloc(t, l, size))
		}
	}, MisuseError{Kind: SharedLocal, Op: "Malloc"}, "another goroutine uses this Local")
	for _, p := range append(blocks, p, q) {
		_ = panicOf(func() { a.Free(p) }) // l allocated some blocks of k
	}
	for range 100 {
		l.Free(alloc(t, l, size))
	}
}
