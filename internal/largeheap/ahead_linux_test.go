// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"errors"
	"syscall"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// requireAhead skips the test where the kernel cannot fill memory ahead, or does not tell which pages were
// written.
func requireAhead(t *testing.T) {
	t.Helper()
	vm.Require(t, vm.ProcessView)
	vm.Require(t, vm.Populating)
	if raceannotate.Enabled {
		t.Skip("in race builds, memory is that of the Go heap")
	}
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(minAhead)
	dirtyAll(p, minAhead)
	if written, err := f.space.Written([]uintptr{raw.AlignUp(p, vm.PageSize())}); err != nil || !written {
		t.Skip("the kernel does not tell which pages were written: ", err)
	}
	f.free(p)
}

// ahead reports whether most pages of a new object of size bytes at p are in RAM.
func (f *fixture) ahead(p, size uintptr) bool {
	f.t.Helper()
	page := vm.PageSize()
	n, inRAM := 0, 0
	for at := raw.AlignUp(p, page); at+page <= p+size; at += 7 * page {
		n++
		if written, err := f.space.Written([]uintptr{at}); err != nil {
			f.t.Fatal(err)
		} else if written {
			inRAM++
		}
	}
	if inRAM != 0 && inRAM < n*9/10 {
		f.t.Errorf("%d of %d pages are in RAM, want nearly all or none", inRAM, n)
	}
	return inRAM > 0
}

// The uses of an object.
func fills(p, size uintptr)   { eachPage(p, size, 1, func(b *byte) { *b = 1 }) }
func ignores(p, size uintptr) { eachPage(p, size, 100, func(b *byte) { *b = 1 }) }
func reads(p, size uintptr)   { eachPage(p, size, 1, func(b *byte) { sink += *b }) }

var sink byte

// eachPage calls use with a byte of every step-th page.
func eachPage(p, size, step uintptr, use func(*byte)) {
	for at := uintptr(0); at < size; at += step * vm.PageSize() {
		use(raw.At[byte](p + at))
	}
}

// TestFilledAhead: a program that fills its objects gets the next ones in RAM, zeroed. A program that uses few
// of their pages, or only reads them, does not, nor does one whose objects are of other lengths.
func TestFilledAhead(t *testing.T) {
	requireAhead(t)
	sizes := []uintptr{4 * mib, 7 * mib, 5 * mib, 6*mib + 12345}
	for name, c := range map[string]struct {
		use   func(p, size uintptr)
		sizes []uintptr
		want  bool // from the third object on
	}{
		"filled":    {fills, sizes, true},
		"ignored":   {ignores, sizes, false},
		"read":      {reads, sizes, false},
		"different": {fills, []uintptr{mib, 3 * mib, 5 * mib, 12 * mib, 17 * mib}, false},
		"longest":   {fills, []uintptr{maxAhead + 1, maxAhead + mib, maxAhead + 1, maxAhead + 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, largeobj.Options{})
			for i, size := range c.sizes {
				p, zeroed, err := f.Alloc(size, 1, true)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := f.ahead(p, size), c.want && i >= 2; got != want {
					t.Errorf("object %d: filled ahead %v, want %v", i, got, want)
				}
				if !zeroed || i == 2 && !isZero(p, size) {
					t.Errorf("object %d is not zeroed", i)
				}
				c.use(p, size)
			}
		})
	}
}

// TestFilledInVain: a program that fills its objects no longer gets one in vain. One that fills every second
// object gets at most one, and one that fills all except every tenth few.
func TestFilledInVain(t *testing.T) {
	requireAhead(t)
	const size, objects = minAhead, 200
	for name, c := range map[string]struct {
		fills func(i int) bool
		max   int
	}{
		"ceases":       {func(i int) bool { return i < 10 }, 1},
		"every second": {func(i int) bool { return i%2 == 0 }, 0},
		"most":         {func(i int) bool { return i%10 != 9 }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, largeobj.Options{})
			vain := 0
			for i := range objects {
				p := f.alloc(size)
				if use := c.fills(i); use {
					fills(p, size)
				} else if f.ahead(p, size) {
					vain++
				}
			}
			if vain > c.max {
				t.Errorf("%d of %d objects were filled in vain, want at most %d", vain, objects, c.max)
			}
		})
	}
}

// TestFilledAheadOfLengthened: of an object in a lengthened extent, the added pages are filled ahead and
// the others cleared.
func TestFilledAheadOfLengthened(t *testing.T) {
	requireAhead(t)
	vm.Require(t, vm.Moving)
	f := newFixture(t, largeobj.Options{})
	for range 2 {
		fills(f.alloc(3*mib), 3*mib)
	}
	old := f.alloc(mib)
	fills(old, mib)
	f.free(old)
	p, zeroed, err := f.Alloc(4*mib, 1, true)
	if err != nil || !zeroed {
		t.Fatal(zeroed, err)
	}
	if !f.ahead(p, 4*mib) {
		t.Error("the added pages are not in RAM")
	}
	if !isZero(p, 4*mib) {
		t.Error("the object is not zeroed")
	}
}

// TestFillingRefused: if the kernel does not fill memory ahead, or does not tell which pages were written,
// objects are as always.
func TestFillingRefused(t *testing.T) {
	requireAhead(t)
	for _, op := range []vm.Op{vm.OpAdvise, vm.OpCopied} {
		for _, refusal := range []error{syscall.ENOMEM, vm.ErrKernelLacks} {
			f := newFixture(t, largeobj.Options{})
			vm.Inject(func(o vm.Op) error {
				if o == op {
					return refusal
				}
				return nil
			})
			for i := range 4 {
				p, zeroed, err := f.Alloc(minAhead, 1, true)
				if err != nil || !zeroed || !isZero(p, minAhead) {
					t.Fatalf("%v refused: %v, object %d: zeroed %v, %v", op, refusal, i, zeroed, err)
				}
				fills(p, minAhead)
			}
			calls := f.space.Calls(op)
			vm.Inject(nil)
			if op == vm.OpCopied && errors.Is(refusal, vm.ErrKernelLacks) && calls > 1 {
				t.Errorf("a kernel that lacks the call was asked %d times", calls)
			}
		}
	}
}
