package alloc

import (
	"testing"
	"unsafe"
)

func TestOwns(t *testing.T) {
	for name, o := range map[string]Options{"plain": still, "checked": strict, "guarded": guardAll} {
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
					t.Errorf("a block of %d bytes that was freed: a second Free would not be found", size)
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
