// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"math/rand/v2"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A model is the set of runs of one user of a heap. Both ends of every page of a run
// contain the run's mark.
type model struct {
	*fixture
	rand *rand.Rand
	tag  uint64
	live []run
}

type run struct {
	addr uintptr
	n    int
	mark uint64
}

// ends calls f with the first and the last word of each page of r.
func (r run) ends(f func(*uint64)) {
	for i := range uintptr(r.n) {
		f(raw.At[uint64](r.addr + i*pageSize))
		f(raw.At[uint64](r.addr + i*pageSize + pageSize - 8))
	}
}

func (m *model) step() {
	if n := len(m.live); n > 0 && m.rand.IntN(100) < 20+n/4 {
		m.free(m.rand.IntN(n))
		return
	}
	if err := m.take(1 + m.rand.IntN(1<<m.rand.IntN(9))); err != nil {
		m.Error(err)
	}
}

// take allocates a run and marks it.
func (m *model) take(n int) error {
	addr, clean, err := m.Alloc(n)
	if err != nil {
		return err
	}
	m.tag += 2
	r := run{addr, n, m.tag}
	r.ends(func(p *uint64) {
		if clean && *p != 0 {
			m.Errorf("a clean run is not zero at %p", p)
		}
		*p = r.mark
	})
	m.live = append(m.live, r)
	return nil
}

// free frees run i, whose marks must be unchanged.
func (m *model) free(i int) {
	r := m.live[i]
	r.ends(func(p *uint64) {
		if *p != r.mark {
			m.Errorf("a run of %d pages was overwritten at %p: %d, want %d", r.n, p, *p, r.mark)
		}
	})
	m.Free(r.addr, r.n)
	m.live[i] = m.live[len(m.live)-1]
	m.live = m.live[:len(m.live)-1]
}

func (m *model) pages() (n int) {
	for _, r := range m.live {
		n += r.n
	}
	return n
}

func TestModel(t *testing.T) {
	m := &model{fixture: newFixture(t), rand: rand.New(rand.NewPCG(3, 4)), tag: 1}
	m.Free(m.dirtied(1), 1)
	for i := range 3000 {
		m.step()
		if i%100 == 0 {
			m.purge(i%1000 == 0)
		}
		if i%50 == 0 {
			if used := m.Stats().Used; used != int64(m.pages())*pageSize {
				t.Fatalf("%d pages used, %d allocated", used/pageSize, m.pages())
			}
			m.verify()
		}
	}
	for len(m.live) > 0 {
		m.free(m.rand.IntN(len(m.live)))
	}
	m.verify()
	chunks := m.Stats().Chunks
	m.alloc(MaxRun) // all free pages are adjacent again
	if n := m.Stats().Chunks; n != chunks {
		t.Errorf("the longest run took a new chunk: %d, %d before", n, chunks)
	}
}
