// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

func conformMemalign(t *testing.T, m implementation) {
	var blocks []unsafe.Pointer
	n := 0
	for align := 1; align <= 64<<10; align *= 2 {
		for _, size := range []int{0, 1, 15, 16, 17, 24, 100, 513, 1000, 4095, 4096, 4097, 9000, 20000, 65535, 65537, 120000, 131071, 131072, 140000} {
			p, err := m.Memalign(align, size)
			must(t, p, err)
			if raw.Addr(p)%uintptr(max(align, 16)) != 0 {
				t.Fatalf("Memalign(%d, %d) = %p", align, size, p)
			}
			if u := m.UsableSize(p); u < size {
				t.Fatalf("Memalign(%d, %d) has %d usable bytes", align, size, u)
			}
			fill(bytesAt(p, m.UsableSize(p)), n)
			n++
			blocks = append(blocks, p)
		}
	}
	for i, p := range blocks {
		if !filled(bytesAt(p, m.UsableSize(p)), i) {
			t.Fatalf("another block wrote to block %d", i)
		}
		// Every second block is resized by Realloc in between.
		if i%2 == 1 {
			q, err := m.Realloc(p, 300)
			p = must(t, q, err)
		}
		m.Free(p)
	}
}

func conformBadAlignments(t *testing.T, m implementation) {
	for _, align := range []int{0, -1, -16, 3, 24, 48, 65535, MaxAlign + 1, MaxAlign - 1} {
		if p, err := m.Memalign(align, 100); p != nil || !errors.Is(err, ErrInvalidSize) {
			t.Errorf("Memalign(%d, 100) = %p, %v", align, p, err)
		}
	}
}

func TestMemalignGiB(t *testing.T) {
	a := open(t, still)
	for _, size := range []int{1, 100 << 10, 1 << 20} {
		p, err := a.Memalign(MaxAlign, size)
		if err != nil {
			if raw.AddressBits == 32 && errors.Is(err, ErrOutOfMemory) {
				check(t, a)
				t.Skip("no room in this address space")
			}
			t.Fatal(err)
		}
		if raw.Addr(p)%MaxAlign != 0 || UsableSize(p) < size {
			t.Errorf("Memalign(1 GiB, %d) = %p, %d bytes", size, p, UsableSize(p))
		}
		fill(bytesAt(p, UsableSize(p)), size)
		a.Free(p)
	}
	drained(t, a)
}
