// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// conformReuse: freed memory is used again. Otherwise a program that allocates and frees
// would grow without limit.
func conformReuse(t *testing.T, m implementation) {
	if _, ok := m.(goHeap); ok {
		t.Skip("the collector decides")
	}
	for _, size := range []int{16, 1000, 50000, 1 << 20} {
		seen := map[unsafe.Pointer]bool{}
		for i := 0; ; i++ {
			p := alloc(t, m, size)
			m.Free(p)
			if seen[p] {
				break
			}
			seen[p] = true
			if i == 10000 {
				t.Fatalf("%d blocks of %d bytes, and none used again", i, size)
			}
		}
	}
}

// A model records the live blocks and their contents.
type model struct {
	of     implementation
	r      *rand.Rand
	blocks []modelBlock
	number int
}

type modelBlock struct {
	p      unsafe.Pointer
	size   int
	number int // selects the pattern
}

// conformModel performs random operations and compares the results with the model.
func conformModel(t *testing.T, m implementation) {
	for seed := range uint64(2) {
		w := &model{of: m, r: rand.New(rand.NewPCG(seed, 7))}
		for i := range fewer(12000) {
			if err := w.step(); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, i, err)
			}
		}
		if err := w.distinct(); err != nil {
			t.Fatal(err)
		}
		for len(w.blocks) > 0 {
			if err := w.free(); err != nil {
				t.Fatal(err)
			}
		}
		m.Trim()
	}
}

// size returns a random size, log-uniform up to a little more than the largest small size.
func (w *model) size() int {
	n := w.r.IntN(1 << (1 + w.r.IntN(18)))
	if n >= sizeclass.LargeMin && w.r.IntN(4) != 0 {
		n /= 2
	}
	return n
}

func (w *model) step() error {
	const target = 600
	switch k := w.r.IntN(100); {
	case k == 0 && w.r.IntN(20) == 0:
		w.of.Trim()
		return nil
	case len(w.blocks) > 0 && k < 15:
		return w.realloc()
	case len(w.blocks) > w.r.IntN(2*target):
		return w.free()
	case k < 40:
		return w.calloc()
	case k < 50:
		p, err := w.of.Memalign(1<<w.r.IntN(14), w.size()/4)
		return w.add(p, 0, err)
	default:
		size := w.size()
		p, err := w.of.Malloc(size)
		return w.add(p, size, err)
	}
}

func (w *model) calloc() error {
	n, size := 1+w.r.IntN(8), w.size()/8
	p, err := w.of.Calloc(n, size)
	if err == nil && !zero(bytesAt(p, n*size)) {
		return fmt.Errorf("Calloc(%d, %d) is not zero", n, size)
	}
	return w.add(p, n*size, err)
}

// add records a new block and fills all of it.
func (w *model) add(p unsafe.Pointer, size int, err error) error {
	if err != nil {
		return err
	}
	usable := w.of.UsableSize(p)
	if usable < size {
		return fmt.Errorf("%d usable bytes for %d", usable, size)
	}
	w.number++
	fill(bytesAt(p, usable), w.number)
	w.blocks = append(w.blocks, modelBlock{p, usable, w.number})
	return nil
}

// remove removes a random block from the model. The block must still hold its pattern.
func (w *model) remove() (modelBlock, error) {
	i, last := w.r.IntN(len(w.blocks)), len(w.blocks)-1
	b := w.blocks[i]
	w.blocks[i] = w.blocks[last]
	w.blocks = w.blocks[:last]
	if !filled(bytesAt(b.p, b.size), b.number) {
		return b, fmt.Errorf("the block of %d bytes at %p does not hold what was written", b.size, b.p)
	}
	return b, nil
}

func (w *model) free() error {
	b, err := w.remove()
	if err == nil {
		w.of.Free(b.p)
	}
	return err
}

func (w *model) realloc() error {
	b, err := w.remove()
	if err != nil {
		return err
	}
	size := max(w.size(), 1)
	p, err := w.of.Realloc(b.p, size)
	if err != nil {
		return err
	}
	if n := min(size, b.size); !filled(bytesAt(p, n), b.number) {
		return fmt.Errorf("Realloc from %d to %d bytes lost contents", b.size, size)
	}
	return w.add(p, size, nil)
}

// distinct returns an error if two blocks overlap.
func (w *model) distinct() error {
	sort.Slice(w.blocks, func(i, j int) bool { return raw.Addr(w.blocks[i].p) < raw.Addr(w.blocks[j].p) })
	for i := range w.blocks[:max(len(w.blocks)-1, 0)] {
		b, next := w.blocks[i], w.blocks[i+1]
		if raw.Addr(b.p)+uintptr(b.size) > raw.Addr(next.p) {
			return fmt.Errorf("%d bytes at %p overlap %d at %p", b.size, b.p, next.size, next.p)
		}
	}
	return nil
}
