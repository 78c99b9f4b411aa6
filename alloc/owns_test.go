// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

func TestOwns(t *testing.T) {
	for name, o := range modes {
		t.Run(name, func(t *testing.T) {
			a, other := openOnly(t, o), open(t, o)
			if a.Owns(alloc(t, other, 100)) {
				t.Error("an Allocator that was never used owns another's block")
			}
			l := a.NewLocal()
			for _, size := range []int{0, 1, 100, 5000, 100 << 10, 128 << 10, 3 << 20} {
				p, q := alloc(t, a, size), alloc(t, l, size)
				for _, p := range []unsafe.Pointer{p, q} {
					if !a.Owns(p) || other.Owns(p) {
						t.Errorf("a block of %d bytes: %v, of the other: %v", size, a.Owns(p), other.Owns(p))
					}
				}
				a.Free(p)
				if !a.Owns(p) {
					t.Errorf("a block of %d bytes that was freed is not owned: a second Free would not be reported", size)
				}
				l.Free(q)
			}
			var local [64]byte
			for name, p := range map[string]unsafe.Pointer{
				"nil": nil, "Go heap": unsafe.Pointer(new([64]byte)), "stack": unsafe.Pointer(&local), "static": unsafe.Pointer(&unread),
			} {
				if a.Owns(p) {
					t.Errorf("it owns %s", name)
				}
			}
			p := alloc(t, a, 100)
			l.Close()
			shut(t, a)
			if a.Owns(p) {
				t.Error("it owns a block after Close")
			}
		})
	}
}

// TestFreeAny frees blocks of any Allocator, given only their addresses.
func TestFreeAny(t *testing.T) {
	for mode, o := range modes {
		t.Run(mode, func(t *testing.T) {
			one, two := open(t, o), open(t, o)
			l := local(t, two)
			for _, size := range []int{0, 100, 5000, 100 << 10, 1 << 20} {
				for _, m := range []Memory{one, two, l} {
					p := Must(m.Malloc(size))
					FreeAny(p)
					if e := misused(t, func() { FreeAny(p) }); e.Kind != DoubleFree || e.Op != "Free" || e.Block != raw.Addr(p) {
						t.Errorf("a second time: %v", e)
					}
				}
			}
			FreeAny(nil)
			x := new(int)
			wantMisuse(t, func() { FreeAny(unsafe.Pointer(x)) }, MisuseError{Kind: ForeignPointer, Op: "Free", Addr: uintptr(unsafe.Pointer(x))})
			l.Close()
			drained(t, one)
			drained(t, two)
		})
	}
}
