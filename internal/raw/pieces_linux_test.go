// SPDX-License-Identifier: Apache-2.0

package raw_test

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// mapped returns memory that the race detector does not follow.
func mapped(t *testing.T, n int) []byte {
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(b) })
	return b
}

// The world can be stopped while a goroutine clears or copies. Each attempt starts the
// work, stops the world, and checks whether the work is still going on. If the goroutine
// cannot be interrupted, the work is always over.
func TestInterrupted(t *testing.T) {
	const n, tries = 256 << 20, 50
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("with one processor the worker is always interrupted before the check")
	}
	work, from := mapped(t, n), mapped(t, n)
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"Clear", func() { raw.Clear(addrOf(work), n) }},
		{"Copy", func() { raw.Copy(addrOf(work), addrOf(from), n) }},
		{"ClearSlice", func() { raw.ClearSlice(work) }},
		{"CopySlice", func() { raw.CopySlice(work, from) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range tries {
				first, last := (*uint32)(unsafe.Pointer(&work[0])), (*uint32)(unsafe.Pointer(&work[n-4]))
				atomic.StoreUint32(first, 1)
				atomic.StoreUint32(last, 1)
				done := make(chan bool)
				go func() {
					defer close(done)
					c.run()
				}()
				for atomic.LoadUint32(first) != 0 {
					runtime.Gosched()
				}
				var m runtime.MemStats
				runtime.ReadMemStats(&m) // stops the world
				interrupted := atomic.LoadUint32(last) != 0
				<-done
				if interrupted {
					return
				}
			}
			t.Errorf("in %d attempts the world never stopped before the work was over", tries)
		})
	}
}
