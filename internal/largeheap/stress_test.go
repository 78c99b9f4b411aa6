// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestConcurrentUse: several goroutines allocate objects, and resize and free each other's.
// Ticks run at the same time, and the kernel sometimes refuses a call.
func TestConcurrentUse(t *testing.T) {
	const workers, steps = 4, 1500
	for name, options := range faultOptions {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, options)
			var calls atomic.Uint64
			vm.Inject(func(vm.Op) error {
				if calls.Add(1)%17 == 0 {
					return errInjected
				}
				return nil
			})
			shared := make(chan modelled, 32)
			var wg, tick sync.WaitGroup
			for w := range workers {
				wg.Go(func() { work(f, uint64(w), steps, shared) })
			}
			done := make(chan struct{})
			tick.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-done:
						return
					default:
					}
					_, _ = f.Purge(i%64 == 0)
					f.Find(1)
					f.HasPurgeable()
					if s := f.Stats(); s.Live.Bytes < 0 || s.Dirty.Bytes < 0 || s.Requested < 0 {
						t.Errorf("%+v", s)
					}
				}
			})
			wg.Wait()
			close(done)
			tick.Wait()
			vm.Inject(nil)
			close(shared)
			for m := range shared {
				checkMark(f, m)
				f.free(m.p)
			}
			f.sound()
			f.purge(true)
			f.nothingLeft()
		})
	}
}

// work is one goroutine of TestConcurrentUse. It passes objects on by shared, so that
// another goroutine frees most of them.
func work(f *fixture, seed uint64, steps int, shared chan modelled) {
	rng := rand.New(rand.NewPCG(seed, 3))
	for i := range steps {
		m := modelled{size: 100*kib + uintptr(rng.Uint64N(300*kib)), align: 64 << rng.UintN(9), key: seed<<32 | uint64(i)}
		var err error
		if m.p, _, err = f.Alloc(m.size, m.align, rng.UintN(4) == 0); err != nil {
			if !errors.Is(err, vm.ErrOutOfMemory) {
				f.t.Error(err)
			}
			continue
		}
		stamp(m)
		if rng.UintN(4) == 0 {
			size := 100*kib + uintptr(rng.Uint64N(mib))
			if p, err := f.Resize(m.p, size); err == nil {
				m.p, m.size = p, size
				checkMark(f, m)
				stamp(m)
			} else if !errors.Is(err, vm.ErrOutOfMemory) {
				f.t.Error(err)
			}
		}
		for {
			select {
			case shared <- m:
			case other := <-shared:
				checkMark(f, other)
				if err := f.Free(other.p); err != nil {
					f.t.Error(err)
				}
				continue
			}
			break
		}
	}
}

// stamp writes the object's key into it, and writes its last byte.
func stamp(m modelled) {
	binary.LittleEndian.PutUint64(raw.Bytes(m.p, 8), m.key)
	raw.Bytes(m.p, m.size)[m.size-1] = 1
}

// checkMark checks that the object is as stamp left it.
func checkMark(f *fixture, m modelled) {
	if got := binary.LittleEndian.Uint64(raw.Bytes(m.p, 8)); got != m.key {
		f.t.Errorf("object of %d bytes at %#x holds %#x, should hold %#x", m.size, m.p, got, m.key)
	}
	if n, err := f.Usable(m.p); err != nil || n < m.size {
		f.t.Errorf("object of %d bytes at %#x: usable %d, %v", m.size, m.p, n, err)
	}
}
