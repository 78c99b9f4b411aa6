// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"math/rand/v2"
	"sync"
	"testing"
)

// A model is a set of live objects, each filled with its own byte.
type model struct {
	t    *testing.T
	rand *rand.Rand
	live []object
}

type object struct {
	p, size uintptr
	b       byte
}

func (m *model) step() {
	if n := len(m.live); n > 0 && (n >= 300 || m.rand.IntN(5) < 2) {
		m.free(m.rand.IntN(n))
		return
	}
	o := object{size: sizes[m.rand.IntN(len(sizes))], b: byte(1 + m.rand.IntN(255))}
	var err error
	if o.p, err = Alloc(o.size); err != nil {
		m.t.Error(err)
		return
	}
	if !holds(o.p, o.size, 0) {
		m.t.Errorf("an object of %d bytes at %#x is not zeroed", o.size, o.p)
	}
	fill(o.p, o.size, o.b)
	m.live = append(m.live, o)
}

// free frees live object i, whose contents must be unchanged.
func (m *model) free(i int) {
	o := m.live[i]
	if !holds(o.p, o.size, o.b) {
		m.t.Errorf("an object of %d bytes at %#x was overwritten", o.size, o.p)
	}
	Free(o.p, o.size)
	m.live[i] = m.live[len(m.live)-1]
	m.live = m.live[:len(m.live)-1]
}

func (m *model) end() {
	for len(m.live) > 0 {
		m.free(len(m.live) - 1)
	}
}

func TestObjectsDoNotOverlap(t *testing.T) {
	Free(alloc(t, 1), 1) // skips the test if there is no memory
	before := InUse()
	var wg sync.WaitGroup
	for seed := range uint64(4) {
		wg.Go(func() {
			m := model{t: t, rand: rand.New(rand.NewPCG(seed, 0))}
			for i := range 3000 {
				m.step()
				if i%500 == 0 {
					Purge()
				}
			}
			m.end()
		})
	}
	wg.Wait()
	if n := InUse(); n != before {
		t.Errorf("%d bytes in use at the end, %d before", n, before)
	}
}
