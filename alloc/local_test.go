// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime"
	"testing"
	"unsafe"
)

// TestLocalClose: a closed Local has no memory, and may be used again.
func TestLocalClose(t *testing.T) {
	a := open(t, still)
	l := a.NewLocal()
	l.Close() // never used
	for range 3 {
		var blocks []unsafe.Pointer
		for i := range 500 {
			blocks = append(blocks, alloc(t, l, i*50))
		}
		for _, p := range blocks {
			l.Free(p)
		}
		check(t, a)
		l.Close()
		l.Close()
		check(t, a)
		drained(t, a)
	}
}

// TestLocalFreesOthers: a block may be freed through any handle.
func TestLocalFreesOthers(t *testing.T) {
	a := open(t, still)
	l, k := local(t, a), local(t, a)
	ways := []implementation{whole{a}, handle{l, a}, handle{k, a}}
	for _, size := range []int{1, 100, 5000, 100000, 1 << 20} {
		for _, from := range ways {
			for _, to := range ways {
				for range 10 {
					p := alloc(t, from, size)
					fill(bytesAt(p, size), size)
					p, err := to.Realloc(p, size*2)
					if !filled(bytesAt(must(t, p, err), size), size) {
						t.Fatalf("contents lost from %T to %T", from, to)
					}
					from.Free(p)
				}
			}
		}
	}
	l.Close()
	k.Close()
	drained(t, a)
}

// TestLocalDropped: if a Local is collected without Close, its cache returns to the
// Allocator.
func TestLocalDropped(t *testing.T) {
	a := open(t, still)
	for range 10 {
		func() {
			l := a.NewLocal()
			for i := range 200 {
				l.Free(alloc(t, l, 100*i))
			}
		}()
	}
	locals := func() int {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.locals.open)
	}
	if !eventually(func() bool { runtime.GC(); return locals() == 0 }) {
		t.Fatalf("%d Locals keep their caches", locals())
	}
	drained(t, a)
}

// TestLocalDroppedLate: the same holds for a Local that is collected after its Allocator's
// Close.
func TestLocalDroppedLate(t *testing.T) {
	a := open(t, still)
	func() {
		l := a.NewLocal()
		l.Free(alloc(t, l, 100))
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	if !eventually(func() bool { runtime.GC(); return leaked() <= 0 }) {
		t.Errorf("%d bytes of metadata are lost", leaked())
	}
}

// TestLocalTrim: Trim returns what a Local has cached, and the Local may still be used.
func TestLocalTrim(t *testing.T) {
	a := open(t, still)
	l := local(t, a)
	for range 3 {
		var blocks []unsafe.Pointer
		for i := range 200 {
			blocks = append(blocks, alloc(t, l, 100*i))
		}
		for _, p := range blocks {
			l.Free(p)
		}
		check(t, a)
		a.Trim()
		check(t, a)
		if n := a.space.Footprint.Now(); n != 0 {
			t.Errorf("%d bytes are kept after Trim", n)
		}
	}
}
