// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"math"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// sizes are the sizes around each power of two up to 2 MiB.
func sizes() []int {
	var all []int
	seen := map[int]bool{}
	for k := range 22 {
		for _, d := range []int{-33, -32, -17, -16, -8, -1, 0, 1, 7, 8, 15, 16, 17, 31, 32, 33} {
			if n := 1<<k + d; n > 0 && !seen[n] {
				seen[n] = true
				all = append(all, n)
			}
		}
	}
	return all
}

func conformSizes(t *testing.T, m implementation) {
	all := sizes()
	blocks := make([]unsafe.Pointer, len(all))
	for i, size := range all {
		p := alloc(t, m, size)
		blocks[i] = p
		align := uintptr(16)
		if size >= sizeclass.LargeMin {
			align = 64
		}
		if raw.Addr(p)%align != 0 {
			t.Fatalf("Malloc(%d) = %p, not aligned to %d", size, p, align)
		}
		usable := m.UsableSize(p)
		good := goodSize(m, size)
		if usable < size || usable < good || size < sizeclass.LargeMin && usable != good {
			t.Fatalf("UsableSize of %d bytes is %d, want %d", size, usable, good)
		}
		fill(bytesAt(p, usable), i)
	}
	for i, p := range blocks {
		if !filled(bytesAt(p, m.UsableSize(p)), i) {
			t.Fatalf("another block wrote to that of %d bytes", all[i])
		}
		m.Free(p)
	}
}

func conformSizeZero(t *testing.T, m implementation) {
	seen := map[unsafe.Pointer]bool{}
	for i := range 1000 {
		p, err := m.Malloc(0)
		if i%2 == 1 {
			p, err = m.Calloc(0, i-500)
			if i < 500 {
				p, err = m.Calloc(i, 0)
			}
		}
		must(t, p, err)
		if seen[p] {
			t.Fatalf("size 0 gave %p twice", p)
		}
		seen[p] = true
	}
	for p := range seen {
		m.Free(p)
	}
}

func conformNil(t *testing.T, m implementation) {
	m.Free(nil)
	if n := m.UsableSize(nil); n != 0 {
		t.Errorf("UsableSize(nil) = %d, want 0", n)
	}
	p, err := m.Realloc(nil, 100)
	must(t, p, err)
	if n := m.UsableSize(p); n < 100 {
		t.Errorf("Realloc(nil, 100) gave %d bytes", n)
	}
	m.Free(p)
}

func conformBadSizes(t *testing.T, m implementation) {
	p := alloc(t, m, 100)
	defer m.Free(p)
	for _, c := range []struct {
		name, op string
		call     func() (unsafe.Pointer, error)
		want     error
	}{
		{"malloc −1", "Malloc", func() (unsafe.Pointer, error) { return m.Malloc(-1) }, ErrInvalidSize},
		{"malloc min", "Malloc", func() (unsafe.Pointer, error) { return m.Malloc(math.MinInt) }, ErrInvalidSize},
		{"malloc max", "Malloc", func() (unsafe.Pointer, error) { return m.Malloc(math.MaxInt) }, ErrOutOfMemory},
		{"malloc max−64", "Malloc", func() (unsafe.Pointer, error) { return m.Malloc(math.MaxInt - 64) }, ErrOutOfMemory},
		{"malloc half", "Malloc", func() (unsafe.Pointer, error) { return m.Malloc(math.MaxInt/2 + 1) }, ErrOutOfMemory},
		{"calloc −1, 8", "Calloc", func() (unsafe.Pointer, error) { return m.Calloc(-1, 8) }, ErrInvalidSize},
		{"calloc 8, −1", "Calloc", func() (unsafe.Pointer, error) { return m.Calloc(8, -1) }, ErrInvalidSize},
		{"calloc −8, −8", "Calloc", func() (unsafe.Pointer, error) { return m.Calloc(-8, -8) }, ErrInvalidSize},
		{"calloc max, 2", "Calloc", func() (unsafe.Pointer, error) { return m.Calloc(math.MaxInt, 2) }, ErrInvalidSize},
		{"calloc wraps to 0", "Calloc", func() (unsafe.Pointer, error) { return m.Calloc(math.MaxInt/2+1, 4) }, ErrInvalidSize},
		{"calloc max, 1", "Calloc", func() (unsafe.Pointer, error) { return m.Calloc(math.MaxInt, 1) }, ErrOutOfMemory},
		{"memalign −1", "Memalign", func() (unsafe.Pointer, error) { return m.Memalign(16, -1) }, ErrInvalidSize},
		{"memalign max", "Memalign", func() (unsafe.Pointer, error) { return m.Memalign(64<<10, math.MaxInt) }, ErrOutOfMemory},
		{"realloc −1", "Realloc", func() (unsafe.Pointer, error) { return m.Realloc(p, -1) }, ErrInvalidSize},
		{"realloc max", "Realloc", func() (unsafe.Pointer, error) { return m.Realloc(p, math.MaxInt) }, ErrOutOfMemory},
		{"realloc nil −1", "Realloc", func() (unsafe.Pointer, error) { return m.Realloc(nil, -1) }, ErrInvalidSize},
	} {
		if roomy && c.want == ErrOutOfMemory {
			continue
		}
		got, err := c.call()
		var e *Error
		if got != nil || !errors.Is(err, c.want) || !errors.As(err, &e) {
			t.Errorf("%s: %p, %v, want an *Error of %v", c.name, got, err, c.want)
			continue
		}
		if _, other := m.(goHeap); !other && e.Op != c.op {
			t.Errorf("%s: the error names %s, not %s", c.name, e.Op, c.op)
		}
	}
}
