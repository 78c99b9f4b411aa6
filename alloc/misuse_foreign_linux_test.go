// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math/bits"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ashlar-go/ashlar/internal/raw"
)

var static [64]byte

// foreignWords are in each report about memory that no Allocator owns.
var foreignWords = []string{"not memory of this Allocator", "Go memory, a stack, static data or foreign"}

var foreignMisuse = []misuseCase{
	{"Go heap", func(t *testing.T, a *Allocator) badPointer {
		return badPointer{p: unsafe.Pointer(new([64]byte)), want: MisuseError{Kind: ForeignPointer}, words: foreignWords}
	}},
	{"Go heap, large", func(t *testing.T, a *Allocator) badPointer {
		return badPointer{p: unsafe.Pointer(unsafe.SliceData(make([]byte, 1<<20))), want: MisuseError{Kind: ForeignPointer}, words: foreignWords}
	}},
	{"static", func(t *testing.T, a *Allocator) badPointer {
		return badPointer{p: unsafe.Pointer(&static), want: MisuseError{Kind: ForeignPointer}, words: foreignWords}
	}},
	{"foreign mapping", func(t *testing.T, a *Allocator) badPointer {
		b, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Munmap(b) })
		return badPointer{p: unsafe.Pointer(unsafe.SliceData(b)), want: MisuseError{Kind: ForeignPointer}, words: foreignWords}
	}},
	{"unaligned foreign mapping", func(t *testing.T, a *Allocator) badPointer {
		b, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Munmap(b) })
		return badPointer{p: unsafe.Pointer(&b[12345]), want: MisuseError{Kind: ForeignPointer}, words: foreignWords}
	}},
	{"a small number", func(t *testing.T, a *Allocator) badPointer {
		return badPointer{p: raw.Pointer(4096), want: MisuseError{Kind: ForeignPointer}, words: foreignWords}
	}},
	{"the last address", func(t *testing.T, a *Allocator) badPointer {
		return badPointer{p: raw.Pointer(^uintptr(15)), want: MisuseError{Kind: ForeignPointer}, words: foreignWords}
	}},
	{"a live block with a high bit", func(t *testing.T, a *Allocator) badPointer {
		if bits.UintSize == 32 {
			t.Skip("all bits are address bits")
		}
		addr := uint64(raw.Addr(alloc(t, a, 100))) | 1<<62
		return badPointer{p: raw.Pointer(uintptr(addr)), want: MisuseError{Kind: ForeignPointer}, words: foreignWords}
	}},
	{"a live large object with a high bit", func(t *testing.T, a *Allocator) badPointer {
		if bits.UintSize == 32 {
			t.Skip("all bits are address bits")
		}
		addr := uint64(raw.Addr(alloc(t, a, 1<<20))) | 1<<48
		return badPointer{p: raw.Pointer(uintptr(addr)), want: MisuseError{Kind: ForeignPointer}, words: foreignWords}
	}},
	{"4 KiB after a block's span", func(t *testing.T, a *Allocator) badPointer {
		s := spanOf(alloc(t, a, 3000))
		return badPointer{p: raw.Pointer(s.Base + uintptr(s.Class.SpanBytes()) + 512<<10), want: MisuseError{Kind: ForeignPointer}, words: foreignWords}
	}},
}

func TestMisuseForeign(t *testing.T) { runMisuse(t, foreignMisuse) }

// TestMisuseStack frees a variable on the stack. The variable stays on the stack only if
// its address is not stored in an interface, closure or variable. So the calls are direct.
func TestMisuseStack(t *testing.T) {
	a := open(t, still)
	l := local(t, a)
	for i, try := range []func() (uintptr, any){
		func() (addr uintptr, v any) {
			var x [64]byte
			addr = uintptr(unsafe.Pointer(&x))
			defer func() { v = recover() }()
			a.Free(unsafe.Pointer(&x))
			return addr, nil
		},
		func() (addr uintptr, v any) {
			var x [64]byte
			addr = uintptr(unsafe.Pointer(&x))
			defer func() { v = recover() }()
			l.Free(unsafe.Pointer(&x))
			return addr, nil
		},
		func() (addr uintptr, v any) {
			var x [64]byte
			addr = uintptr(unsafe.Pointer(&x))
			defer func() { v = recover() }()
			UsableSize(unsafe.Pointer(&x))
			return addr, nil
		},
	} {
		addr, v := try()
		op := [...]string{"Free", "Free", "UsableSize"}[i]
		wantMisuse(t, func() { panic(v) }, MisuseError{Kind: ForeignPointer, Op: op, Addr: addr}, "stack")
	}
	stillWorks(t, a, l)
}
