// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// Several goroutines use one heap while two others purge it all the time: no contents are
// lost.
func TestPurgeWhileInUse(t *testing.T) {
	f := newFixture(t)
	f.Free(f.dirtied(1), 1)
	var users, purgers sync.WaitGroup
	for seed := range uint64(4) {
		users.Go(func() {
			m := model{fixture: f, rand: rand.New(rand.NewPCG(seed, 5)), tag: 1 + seed<<32}
			for range 1500 {
				m.step()
			}
			for len(m.live) > 0 {
				m.free(0)
			}
		})
	}
	var done atomic.Bool
	for range 2 {
		purgers.Go(func() {
			for !done.Load() {
				if _, err := f.Purge(true); err != nil {
					t.Error(err)
				}
			}
		})
	}
	users.Wait()
	done.Store(true)
	purgers.Wait()
	f.purge(true)
	f.expect("at the end", 0, 0, 0)
}

// duringPurge calls f once, while the kernel works on the next purge.
func duringPurge(f func()) {
	var once sync.Once
	vm.Inject(func(op vm.Op) error {
		if op == vm.OpPurge {
			once.Do(f)
		}
		return nil
	})
}

// Alloc does not return pages that the kernel is about to purge.
func TestAllocDuringPurge(t *testing.T) {
	f := newFixture(t)
	n, size := f.per, uintptr(10*f.per)*pageSize
	kept := f.dirtied(n)
	gone := f.dirtied(10 * n)
	f.Free(gone, 10*n)
	var addr uintptr
	duringPurge(func() {
		f.Free(kept, n)
		for range 2 { // the dirty pages, then clean ones
			if addr, _ = f.alloc(n); addr >= gone && addr < gone+size {
				t.Errorf("Alloc returned a page that was being purged")
			}
		}
		if s := f.Stats(); s.Dirty != int64(size) || s.Used+s.Dirty+s.Clean != s.Mapped {
			t.Errorf("%+v while %d pages are being purged", s, 10*n)
		}
	})
	if got := f.purge(true); got != int64(10*n) {
		t.Errorf("%d pages were purged, want %d", got, 10*n)
	}
	f.expect("afterwards", 1, 2*n, 0)
}

// A search during a purge must not make later searches miss the purged pages.
func TestPurgedRunIsFoundAgain(t *testing.T) {
	for _, refusal := range []error{nil, errInjected} {
		t.Run(fmt.Sprint("refusal=", refusal), func(t *testing.T) {
			f := newFixture(t)
			addr := f.dirtied(MaxRun)
			f.alloc(MaxRun) // the chunk is full
			f.Free(addr, MaxRun)
			vm.Inject(func(op vm.Op) error {
				if op != vm.OpPurge {
					return nil
				}
				for range 2 { // fills another chunk
					f.alloc(MaxRun)
				}
				return refusal
			})
			if _, err := f.Purge(true); !errors.Is(err, refusal) {
				t.Errorf("Purge: %v", err)
			}
			vm.Inject(nil)
			f.verify()
			if again, clean := f.alloc(MaxRun); again != addr || clean != (refusal == nil) {
				t.Errorf("run at %#x, clean %v; want it at %#x", again, clean, addr)
			}
		})
	}
}

// A second Purge, and Close, wait for the first Purge.
func TestOnePurgeAtATime(t *testing.T) {
	for _, c := range []struct {
		name   string
		second func(*fixture) error
	}{
		{"Purge", func(f *fixture) error { _, err := f.Purge(true); return err }},
		{"Close", func(f *fixture) error { return f.Close() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.Free(f.dirtied(10), 10)
			var inside atomic.Int32
			var wg sync.WaitGroup
			var once sync.Once
			vm.Inject(func(vm.Op) error {
				if inside.Add(1) > 1 {
					t.Error("two calls ran at the same time")
				}
				once.Do(func() {
					wg.Go(func() {
						if err := c.second(f); err != nil {
							t.Error(err)
						}
					})
					for range 1000 {
						runtime.Gosched() // lets the other goroutine run
					}
				})
				inside.Add(-1)
				return nil
			})
			if _, err := f.Purge(true); err != nil {
				t.Error(err)
			}
			wg.Wait()
			vm.Inject(nil)
			f.expect("afterwards", 0, 0, 0)
		})
	}
}
