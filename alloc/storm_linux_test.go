// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestStorm: workers share an Allocator while signals arrive, and the numbers of threads
// and processors change.
func TestStorm(t *testing.T) {
	self := os.Getpid()
	for _, c := range []struct {
		name    string
		disturb func(*Allocator)
	}{
		{"preemption", func(*Allocator) { // the runtime preempts goroutines by SIGURG
			for range 50 {
				_ = syscall.Kill(self, syscall.SIGURG)
			}
		}},
		{"preemption and collection", func(*Allocator) {
			_ = syscall.Kill(self, syscall.SIGURG)
			runtime.GC()
		}},
		{"1 to 64 processors", func() func(*Allocator) {
			n := 0
			return func(*Allocator) { n++; runtime.GOMAXPROCS(1 << (n * 5 % 7)) }
		}()},
		{"threads that end", func(a *Allocator) {
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
					l := a.NewLocal()
					if p, err := l.Malloc(1000); err == nil {
						a.Free(p)
					}
					if p, err := a.Malloc(200 << 10); err == nil {
						l.Free(p)
					}
					l.Close()
				})
			}
			all.Wait()
		}},
	} {
		t.Run(c.name, func(t *testing.T) { disturbed(t, still, 8, true, c.disturb) })
	}
}

// TestSignals: goroutines that receive signals use the Allocator like others.
func TestSignals(t *testing.T) {
	arrived := make(chan os.Signal, 16)
	signal.Notify(arrived, syscall.SIGUSR1)
	defer signal.Stop(arrived)
	var handled atomic.Int64
	var all sync.WaitGroup
	stop := make(chan struct{})
	disturbed(t, still, 4, true, func() func(*Allocator) {
		var once sync.Once
		return func(a *Allocator) {
			once.Do(func() {
				all.Go(func() {
					for {
						select {
						case <-stop:
							return
						case <-arrived:
						}
						if p, err := a.Malloc(500); err == nil {
							a.Free(p)
						}
						handled.Add(1)
					}
				})
			})
			before := handled.Load()
			_ = syscall.Kill(os.Getpid(), syscall.SIGUSR1)
			if !eventually(func() bool { return handled.Load() > before }) {
				t.Error("the signal was not handled")
			}
		}
	}())
	close(stop)
	all.Wait()
}
