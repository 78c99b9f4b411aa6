// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"bytes"
	"errors"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestRecalloc: Recalloc keeps the contents and zeroes all bytes after them, whatever the
// block held and wherever it moves.
func TestRecalloc(t *testing.T) {
	sizes := []int{1, 16, 100, 112, 5000, 100 << 10, 128 << 10, 200 << 10, 1 << 20, 9 << 20}
	if testing.Short() {
		sizes = sizes[:len(sizes)-1]
	}
	for _, refused := range []bool{false, true} {
		name := "mremap works"
		if refused {
			name = "mremap is refused"
			vm.Inject(func(op vm.Op) error {
				if op == vm.OpRemap {
					return vm.ErrOutOfMemory
				}
				return nil
			})
			defer vm.Inject(nil)
		}
		t.Run(name, func(t *testing.T) {
			var a alloc.Allocator
			defer a.Close()
			for _, from := range sizes {
				for _, to := range sizes {
					recalloc(t, &a, from, to)
				}
			}
		})
	}
}

// recalloc resizes a block from one size to another, of which half of the first is kept.
func recalloc(t *testing.T, a *alloc.Allocator, from, to int) {
	t.Helper()
	for range 2 { // the second time the memory was used before
		p, err := a.Malloc(from)
		if err != nil {
			t.Fatal(err)
		}
		dirty := unsafe.Slice((*byte)(p), alloc.UsableSize(p))
		for i := range dirty {
			dirty[i] = 0xff
		}
		kept := min(from/2, to)
		if p, err = a.Recalloc(p, kept, to); err != nil {
			t.Fatal(err)
		}
		b := unsafe.Slice((*byte)(p), alloc.UsableSize(p))
		if bytes.Count(b[:kept], []byte{0xff}) != kept || bytes.Count(b[kept:to], []byte{0}) != to-kept {
			t.Errorf("from %d to %d bytes: the first %d are not kept, or the others are not zero", from, to, kept)
		}
		for i := range b {
			b[i] = 0xff
		}
		a.Free(p)
	}
}

func TestRecallocEdges(t *testing.T) {
	var a alloc.Allocator
	defer a.Close()
	p, err := a.Recalloc(nil, 0, 100)
	if err != nil || !bytes.Equal(unsafe.Slice((*byte)(p), 100), make([]byte, 100)) {
		t.Errorf("of nil: %v, or the block is not zero", err)
	}
	for name, sizes := range map[string][2]int{"kept": {-1, 10}, "size": {0, -1}} {
		if _, err := a.Recalloc(p, sizes[0], sizes[1]); !errors.Is(err, alloc.ErrInvalidSize) {
			t.Errorf("negative %s: %v", name, err)
		}
	}
	if q, err := a.Recalloc(p, 0, 0); q != nil || err != nil {
		t.Errorf("to size 0: %v, %v", q, err)
	}
	defer func() {
		err, _ := recover().(error)
		var m *alloc.MisuseError
		if !errors.As(err, &m) || m.Op != "Recalloc" {
			t.Errorf("a freed block: %v", err)
		}
	}()
	_, _ = a.Recalloc(p, 1, 2)
}
