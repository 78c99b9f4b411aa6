// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// TestFastStorm: Locals and goroutines that share an Allocator work while the profiler interrupts
// them, the runtime preempts them, the number of processors changes, and their caches are taken away.
func TestFastStorm(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(64))
	if err := pprof.StartCPUProfile(new(strings.Builder)); err == nil {
		defer pprof.StopCPUProfile()
	}
	a := open(t, Options{Decay: time.Millisecond})
	var stop atomic.Bool
	var wg sync.WaitGroup
	handed := make(chan unsafe.Pointer, 64)
	for i := range 8 {
		wg.Go(func() {
			var m Memory = a
			if i%2 == 0 {
				l := a.NewLocal()
				defer l.Close()
				m = l
			}
			var window [64]unsafe.Pointer
			for i := 0; !stop.Load(); i++ {
				at := &window[i%64]
				if *at != nil && *(*uintptr)(*at) != raw.Addr(*at) {
					t.Error("a block was overwritten")
					return
				}
				m.Free(*at)
				p, err := m.Malloc(8 << (i % 10))
				if err != nil {
					t.Error(err)
					return
				}
				*(*uintptr)(p) = raw.Addr(p)
				*at = p
				if i%100 == 0 {
					runtime.Gosched() // WebAssembly has one thread, and no preemption
					select {
					case handed <- p:
						*at = <-handed
					default:
					}
				}
			}
			for _, p := range window {
				m.Free(p)
			}
		})
	}
	for i := range fewer(40) {
		switch i % 5 {
		case 0:
			runtime.GC()
		case 1:
			a.reclaimLocals(true)
		case 2:
			goroutineStacks()
		case 3:
			runtime.GOMAXPROCS(1 + i*7%64)
		case 4:
			a.detach()
		}
		time.Sleep(time.Millisecond)
	}
	stop.Store(true)
	wg.Wait()
	close(handed)
	for p := range handed {
		a.Free(p)
	}
	if n := liveIn(a); n != 0 {
		t.Errorf("%d blocks are live at the end", n)
	}
}
