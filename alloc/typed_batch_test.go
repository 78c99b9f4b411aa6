// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"testing"
	"unsafe"
)

// A simple Memory has only the methods of the interface. It fails after some blocks.
type simple struct {
	Memory
	left int
}

func (s *simple) Calloc(n, size int) (unsafe.Pointer, error) {
	if s.left--; s.left < 0 {
		return nil, ErrOutOfMemory
	}
	return s.Memory.Calloc(n, size)
}

// TestNewBatch: typed batches are zeroed, of every Memory, and can be freed together or one by
// one.
func TestNewBatch(t *testing.T) {
	for mode, o := range modes {
		t.Run(mode, func(t *testing.T) {
			a := open(t, o)
			for _, m := range []Memory{a, local(t, a), a.Tag("points"), &simple{a, 1000}} {
				for range 3 {
					points := make([]*point, 70)
					if n, err := NewBatch(m, points); n != 70 || err != nil {
						t.Fatal(n, err)
					}
					for _, p := range points {
						if *p != (point{}) {
							t.Fatal("a value is not zero")
						}
						p.X = 1
					}
					Free(m, points[3])
					points[3] = nil
					FreeBatch(m, points)
				}
				FreeBatch[point](m, nil)
			}
			if n := liveIn(a); n != 0 || tagged(a, "points").Blocks != 0 {
				t.Errorf("%d blocks are live at the end", n)
			}
		})
	}
}

// TestNewBatchErrors: a batch that cannot be completed says how far it came.
func TestNewBatchErrors(t *testing.T) {
	a := open(t, still)
	if n, err := NewBatch(a, make([]*string, 3)); n != 0 || !errors.Is(err, ErrHasPointers) {
		t.Errorf("strings: %d, %v", n, err)
	}
	points := make([]*point, 10)
	n, err := NewBatch[point](&simple{a, 4}, points)
	if n != 4 || !errors.Is(err, ErrOutOfMemory) || points[3] == nil || points[4] != nil {
		t.Errorf("%d, %v", n, err)
	}
	FreeBatch(a, points)
}

// TestFreeBatchMismatch: a checked Allocator reports which block of a batch is of another type.
func TestFreeBatchMismatch(t *testing.T) {
	a := open(t, strict)
	points := make([]*point, 5)
	Must(NewBatch(a, points))
	other := Must(New[[3]uint64](a))
	was := points[2]
	points[2] = (*point)(unsafe.Pointer(other))
	e, ok := panicOf(func() { FreeBatch(a, points) }).(*MisuseError)
	if !ok || e.Kind != TypeMismatch || e.Index != 2 || e.Batch != 5 {
		t.Fatalf("%+v", e)
	}
	Free(a, other)
	FreeBatch(a, append(points[3:], was))
}
