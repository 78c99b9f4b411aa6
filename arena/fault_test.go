// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/arenahost"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// exercise makes an arena with the options and uses all its functions. It counts operations
// that fail for lack of memory, and repeats them. After each failure it checks the arena and
// calls failed with their number.
func exercise(t *testing.T, o Options, failed func(failures int)) (failures int) {
	var a *Arena
	try := func(f func() error) {
		for range 5 { // more operations than one series of failing calls
			err := f()
			if err == nil {
				return
			}
			var e *Error
			if !errors.Is(err, errInjected) || !errors.As(err, &e) {
				t.Fatalf("error %v, want the injected one", err)
			}
			failures++
			if a != nil {
				checkArena(t, a)
			}
			failed(failures)
		}
		t.Fatal("failed for ever")
	}
	try(func() (err error) { a, err = NewArenaWithOptions(o); return err })
	for range 2 {
		try(func() error { return panicOf(func() { New[point](a).X = 1 }) })
		try(func() error { return panicOf(func() { NewLinked[node](a).Key = 1 }) })
		try(func() error { return panicOf(func() { MakeLinkedSlice[node](a, 70, 70)[69].Key = 1 }) })
		try(func() error { return panicOf(func() { MakeSlice[byte](a, 700<<10, 700<<10)[700<<10-1] = 1 }) })
		var s []int
		for i := range 3000 {
			try(func() error { return panicOf(func() { s = Append(a, s, i) }) })
		}
		for i, v := range s {
			if v != i {
				t.Fatalf("element %d is %d", i, v)
			}
		}
		try(func() error { _, err := a.Alloc(3<<20, 4096); return err })
		if err := a.Audit(); err != nil {
			t.Fatal(err)
		}
		checkArena(t, a)
		a.Reset()
		checkArena(t, a)
	}
	a.Free()
	return failures
}

var errInjected = fmt.Errorf("%w: injected", vm.ErrOutOfMemory)

// TestKernelRefuses makes kernel calls of a program fail: each call once, some calls from it
// on, and all calls until an operation has failed twice. No memory may be lost.
func TestKernelRefuses(t *testing.T) {
	all := kinds
	if a, err := NewArenaWithOptions(Options{Locked: true, InitialSize: 1 << 20}); err == nil {
		a.Free()
		all = append(all[:len(all):len(all)], kind{"locked", Options{Locked: true, Checked: true}})
	}
	for _, k := range all {
		for _, burst := range []int64{1, 3, 1 << 40} {
			t.Run(fmt.Sprintf("%s/burst=%d", k.name, burst), func(t *testing.T) {
				failed := 0
				for n := int64(0); ; n++ {
					var calls atomic.Int64 // the default allocator's purger makes some, too
					h, err := alloc.NewAllocator(alloc.Options{Decay: -1})
					if err != nil {
						t.Fatal(err)
					}
					k.options.Allocator, k.options.Quarantine = h, 1<<20
					vm.Inject(func(vm.Op) error {
						if i := calls.Add(1); i > n && i-n <= burst {
							return errInjected
						}
						return nil
					})
					failed += exercise(t, k.options, func(failures int) {
						if failures == 2 && burst > 3 {
							vm.Inject(nil)
						}
					})
					vm.Inject(nil)
					q := quarantineOf(arenahost.HostOf(h), 0)
					q.flush()
					if live := numbers(h).Live(); live != 0 {
						t.Fatalf("call %d failed: %d blocks are lost", n, live)
					}
					if s := numbers(h); len(s.Arenas) != 0 {
						t.Fatalf("call %d failed: %d arenas are listed", n, len(s.Arenas))
					}
					if err := h.Close(); err != nil {
						t.Fatal(err)
					}
					if calls.Load() <= n {
						break
					}
					if n > 500 {
						t.Fatal("no end of kernel calls")
					}
				}
				if burst > 1 && failed == 0 {
					t.Error("nothing ever failed")
				}
			})
		}
	}
}
