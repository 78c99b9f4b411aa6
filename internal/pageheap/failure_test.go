// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// If the kernel refuses large chunks, the heap maps smaller ones.
func TestSmallerChunks(t *testing.T) {
	for _, c := range []struct {
		name    string
		refused int // number of mappings that are refused before one is granted
		n       int
		mapped  int64
	}{
		{"none refused", 0, 1, chunkBytes},
		{"one refused", 1, 1, chunkBytes / 2},
		{"the longest run", 1, MaxRun, chunkBytes / 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.Free(f.dirtied(1), 1) // makes metadata map what it needs
			f.purge(true)
			left := c.refused
			stop := f.fail(vm.OpMap, func() bool { left--; return left >= 0 })
			addr, clean := f.alloc(c.n)
			stop()
			if s := f.Stats(); s.Mapped != c.mapped || s.Clean != c.mapped-s.Used || !clean {
				t.Errorf("%+v, want %d mapped", s, c.mapped)
			}
			f.verify()
			rest := int(c.mapped/pageSize) - c.n
			if rest > 0 && rest <= MaxRun {
				f.dirtied(rest) // writes to the last byte of the chunk
				f.expect("full", 1, c.n+rest, 0)
				f.alloc(1)
				f.expect("and one more", 2, c.n+rest+1, 0)
			}
			f.Free(addr, c.n)
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNoChunk(t *testing.T) {
	f := newFixture(t)
	f.Free(f.dirtied(1), 1)
	f.purge(true)
	inUse := metadata.InUse()
	for _, n := range []int{1, MaxRun} {
		stop := f.fail(vm.OpMap, nil)
		if _, _, err := f.Alloc(n); !errors.Is(err, errInjected) {
			t.Errorf("%d pages: %v", n, err)
		}
		stop()
		f.expect("after the refusal", 0, 0, 0)
		if metadata.InUse() != inUse {
			t.Errorf("%d bytes of metadata in use, %d before", metadata.InUse(), inUse)
		}
	}
	f.alloc(1)
	f.expect("when it has passed", 1, 1, 0)
}

// TestEveryKernelCallFails makes all kernel calls fail from the n-th on, until a call of the heap
// has failed twice. Then none fails, and the call succeeds. A failure changes nothing but what it
// gave back.
func TestEveryKernelCallFails(t *testing.T) {
	for n, failed := 0, 1; failed > 0; n++ {
		f := newFixture(t)
		m := &model{fixture: f, rand: rand.New(rand.NewPCG(5, 6)), tag: 1}
		calls := 0
		vm.Inject(func(vm.Op) error {
			if calls++; calls > n {
				return errInjected
			}
			return nil
		})
		failed = 0
		var long []uintptr // runs of MaxRun pages
		perform := func(call func() error) {
			before := f.Stats()
			_, wrong := vm.Insist(call, func(err error) error {
				if errors.Is(err, vm.ErrUnsupported) {
					t.Skip(err)
				}
				f.verify()
				now := f.Stats()
				if failed++; !errors.Is(err, errInjected) || now.Used != before.Used || now.Dirty > before.Dirty || now.Mapped > before.Mapped {
					return fmt.Errorf("%w: %+v, was %+v", err, now, before)
				}
				return nil
			}, nil)
			if wrong != nil {
				t.Fatalf("call %d failed: %v", n, wrong)
			}
		}
		for i := range 40 {
			switch {
			case i%20 == 5:
				perform(func() error {
					addr, _, err := f.Alloc(MaxRun)
					if err == nil {
						long = append(long, addr)
					}
					return err
				})
			case i%20 == 19:
				perform(func() error { _, err := f.Purge(i == 39); return err })
			case i%20 > 12 && len(m.live) > 0:
				m.free(m.rand.IntN(len(m.live)))
			default:
				pages := 1 + m.rand.IntN(200)
				perform(func() error { return m.take(pages) })
			}
		}
		vm.Inject(nil)
		for _, addr := range long {
			f.Free(addr, MaxRun)
		}
		for len(m.live) > 0 {
			m.free(0)
		}
		f.purge(true)
		f.expect("afterwards", 0, 0, 0)
	}
}

func TestLimit(t *testing.T) {
	f := newFixture(t)
	f.space.SetLimit(100 * pageSize)
	a := f.dirtied(60)
	if _, _, err := f.Alloc(41); !errors.Is(err, vm.ErrLimit) {
		t.Errorf("41 pages beyond 60 of 100: %v", err)
	}
	f.expect("after the refusal", 1, 60, 0)
	f.alloc(40)
	f.Free(a, 60)
	f.expect("dirty pages", 1, 40, 60)
	f.alloc(60) // charged already
	f.expect("reused", 1, 100, 0)
	if _, _, err := f.Alloc(1); !errors.Is(err, vm.ErrLimit) {
		t.Errorf("one page more: %v", err)
	}
}

// Pages that the kernel refuses to purge stay dirty. The next purge tries them again.
func TestPurgeFails(t *testing.T) {
	f := newFixture(t)
	n := f.per
	f.alloc(n)
	a := f.dirtied(10 * n)
	f.alloc(n)
	b := f.dirtied(20 * n)
	f.alloc(n)
	f.Free(a, 10*n)
	f.Free(b, 20*n)
	once := true
	stop := f.fail(vm.OpPurge, func() bool { was := once; once = false; return was })
	freed, err := f.Purge(true)
	stop()
	if freed != int64(20*n)*pageSize || !errors.Is(err, errInjected) {
		t.Errorf("Purge returned %d pages, want %d; error %v", freed/pageSize, 20*n, err)
	}
	f.expect("after the refusal", 1, 3*n, 10*n)
	if again, clean := f.alloc(10 * n); again != a || clean {
		t.Errorf("the run that could not be purged is not reused unchanged")
	}
	f.Free(a, 10*n)
	if got := f.purge(true); got != int64(10*n) {
		t.Errorf("a later purge returned %d pages, want %d", got, 10*n)
	}
}

// A chunk that the kernel refuses to unmap stays usable. The next purge tries it again.
func TestReleaseFails(t *testing.T) {
	f := newFixture(t)
	f.Free(f.dirtied(10), 10)
	stop := f.fail(vm.OpRelease, nil)
	if _, err := f.Purge(true); !errors.Is(err, errInjected) {
		t.Errorf("Purge: %v", err)
	}
	f.expect("after the refusal", 1, 0, 0)
	addr, clean := f.alloc(10)
	if !clean {
		t.Errorf("the chunk is not clean")
	}
	f.expect("in use again", 1, 10, 0)
	stop()
	f.Free(addr, 10)
	f.purge(true)
	f.expect("when it has passed", 0, 0, 0)
}
