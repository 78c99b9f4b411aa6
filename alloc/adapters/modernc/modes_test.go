// SPDX-License-Identifier: Apache-2.0

package memory_test

import (
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"modernc.org/memory"
)

// modes are the options of heaps on which the tests run.
var modes = map[string]alloc.Options{
	"plain":    {},
	"checked":  {Checked: true},
	"guarded":  {GuardRate: 1},
	"hardened": {Hardening: alloc.Hardening{ZeroOnFree: true, RandomOrder: true, SpanGuards: true}},
}

// inEachMode runs f with Allocators on heaps of each mode.
func inEachMode(t *testing.T, f func(t *testing.T)) {
	for name, o := range modes {
		t.Run(name, func(t *testing.T) {
			memory.UseOptions(t, o)
			f(t)
		})
	}
}

// TestMinUsable: as with the original, a block has at least 16 bytes, and callers may use
// UsableSize bytes, whatever they requested. modernc.org/libc links the blocks that it caches
// through their first words.
func TestMinUsable(t *testing.T) { inEachMode(t, testLeastUsable) }

func testLeastUsable(t *testing.T) {
	a := newAllocator(t)
	for form, get := range forms(a) {
		for size := 1; size < 40; size++ {
			p, err := get(size)
			if err != nil {
				t.Fatal(err)
			}
			useAll(t, form, p, size)
			for _, size := range []int{100, 1, 3} {
				if p, err = a.UintptrRealloc(p, size); err != nil {
					t.Fatal(err)
				}
				useAll(t, form+" and UintptrRealloc", p, size)
			}
			if err := a.UintptrFree(p); err != nil {
				t.Error(err)
			}
		}
	}
}

// useAll writes to all usable bytes of a block, and checks that there are at least 16.
func useAll(t *testing.T, form string, p uintptr, size int) {
	t.Helper()
	n := memory.UintptrUsableSize(p)
	if n < max(size, 16) {
		t.Errorf("%s: a block of %d bytes has %d", form, size, n)
	}
	block := unsafe.Slice((*byte)(alloc.Address(p).Pointer()), n)
	for i := range block {
		block[i] = 0xff
	}
}
