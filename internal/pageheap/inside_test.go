// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// If a kernel page contains eight heap pages, Free of a run of which a part was given back leaves
// those that share a kernel page with a neighbour: the kernel would purge the neighbour, too.
func TestFreeGivenBackBesideNeighbours(t *testing.T) {
	for _, refused := range []bool{false, true} {
		t.Run(fmt.Sprint("refused=", refused), func(t *testing.T) {
			f := newFixture(t)
			f.per = 8
			before := f.dirtied(4)
			a := f.dirtied(24) // pages 4 to 27
			after := f.dirtied(4)
			if err := f.PurgeInside(a+4*pageSize, 8*pageSize); err != nil {
				t.Fatal(err)
			}
			if refused {
				stop := f.fail(vm.OpPurge, nil)
				f.Free(a, 24)
				stop()
				if s := f.Stats(); s.Dirty != 16*pageSize || s.Used != 8*pageSize {
					t.Errorf("refused: %+v", s)
				}
				stop = f.fail(vm.OpPurge, nil)
				if _, err := f.Purge(true); !errors.Is(err, errInjected) {
					t.Errorf("a purge returned %v", err)
				}
				stop()
				if n := f.purge(true); n != 8 {
					t.Errorf("a later purge returned %d pages, want 8", n)
				}
			} else {
				f.Free(a, 24)
			}
			f.expect("freed", 1, 8, 8)
			for i, addr := range []uintptr{before, a, a + 20*pageSize, after} {
				if b := *raw.At[byte](addr + 3*pageSize); b != 0xee {
					t.Errorf("part %d beside the purged pages holds %#x", i, b)
				}
			}
			if b := *raw.At[byte](a + 12*pageSize); b != 0 {
				t.Errorf("a purged page holds %#x", b)
			}
			f.Free(before, 4)
			f.Free(after, 4)
			f.purge(true)
			f.expect("all freed", 0, 0, 0)
		})
	}
}

// TestInsideModel is TestModel with pages inside runs that are given back, for kernel pages of
// several sizes.
func TestInsideModel(t *testing.T) {
	for _, per := range []int{1, 2, 8} {
		t.Run(fmt.Sprint("per=", per), func(t *testing.T) {
			m := &model{fixture: newFixture(t), rand: rand.New(rand.NewPCG(7, uint64(per))), tag: 1}
			m.per = max(m.per, per)
			for i := range 3000 {
				m.step()
				if i%40 == 0 {
					m.purge(i%1000 == 0)
				}
				if i%10 == 0 {
					m.inside()
				}
			}
		})
	}
}

// inside allocates a run, gives its middle back, and takes it again or frees the run.
func (m *model) inside() {
	n := 3 + m.rand.IntN(60)
	addr := m.dirtied(n)
	size := uintptr(m.per) * pageSize
	middle := addr + size - addr%size
	if middle+size > addr+uintptr(n)*pageSize {
		m.Heap.Free(addr, n)
		return
	}
	if err := m.PurgeInside(middle, size); err != nil {
		m.Error(err)
	}
	m.verify()
	if m.rand.IntN(3) == 0 {
		m.purge(m.rand.IntN(2) == 0)
	}
	if m.rand.IntN(2) == 0 {
		if err := m.UseInside(middle, uint(bits.TrailingZeros(uint(size))), 1); err != nil {
			m.Error(err)
		}
		m.verify()
	}
	m.Heap.Free(addr, n)
}
