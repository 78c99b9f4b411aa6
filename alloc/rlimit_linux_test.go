// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ashlar-go/ashlar/internal/vm"
)

func init() { children["rlimit"] = exhaust }

// exhaust allocates small and large blocks until the limit of the address space is reached,
// and frees them; twice.
func exhaust() error {
	roomForGo()
	var a Allocator
	a.options.Decay = -1
	l := a.NewLocal()
	blocks := make([]modelBlock, 0, 1<<20)

	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &limit); err != nil {
		return err
	}
	before := limit.Cur
	within := uint64(addressSpace() + 256<<20)
	set := func(n uint64) error {
		limit.Cur = n
		return unix.Setrlimit(unix.RLIMIT_AS, &limit)
	}
	if err := set(within); err != nil {
		return err
	}
	if beyond, err := unix.Mmap(-1, 0, 512<<20, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON); err == nil {
		return unix.Munmap(beyond) // qemu-user accepts the limit and does not enforce it
	}
	for round := range 2 {
		for _, size := range []int{40 << 20, 1 << 20, 200 << 10, 30000, 1000} {
			n := 0
			for {
				get := a.Malloc
				if n%2 == 1 {
					get = l.Malloc
				}
				p, err := get(size)
				if err != nil {
					if !errors.Is(err, ErrOutOfMemory) {
						return err
					}
					break
				}
				usable := UsableSize(p)
				b := bytesAt(p, usable)
				fill(b[:min(usable, 64)], n)
				fill(b[usable-min(usable, 64):], n)
				blocks = append(blocks, modelBlock{p, usable, n})
				if n++; int64(n)*int64(size) > 2<<30 || len(blocks) == cap(blocks) {
					return fmt.Errorf("%d blocks of %d bytes under a limit of 256 MiB", n, size)
				}
			}
			if n == 0 && size >= 1<<20 {
				return fmt.Errorf("round %d: not one block of %d bytes", round, size)
			}
			// The check needs more of the Go heap than may be available.
			if err := errors.Join(set(before), a.checkInvariants(), set(within)); err != nil {
				return err
			}
			// Growing a block fails, too, and does not change the block.
			b := &blocks[len(blocks)-1]
			if p, err := a.Realloc(b.p, 300<<20); p != nil || !errors.Is(err, ErrOutOfMemory) {
				return fmt.Errorf("Realloc to 300 MiB = %p, %w", p, err)
			}
			// Free some, so that blocks of the next size can be allocated.
			for range min(2, len(blocks)-1) {
				if err := giveUp(&a, &blocks); err != nil {
					return err
				}
			}
		}
		for len(blocks) > 0 {
			if err := giveUp(&a, &blocks); err != nil {
				return err
			}
		}
		l.Close()
		a.Trim()
		if err := a.checkInvariants(); err != nil {
			return err
		}
		if n := a.space.Footprint.Now(); n != 0 {
			return fmt.Errorf("the footprint is %d bytes when all is freed", n)
		}
	}
	if err := set(before); err != nil {
		return err
	}
	var p unsafe.Pointer
	p, err := a.Malloc(512 << 20)
	if err != nil {
		return err
	}
	a.Free(p)
	return a.Close()
}

// roomForGo makes the Go runtime map memory that it may need later, because it does not
// survive a lack of memory.
func roomForGo() {
	runtime.MemProfileRate = 0
	var warm [][]byte
	for range 16 << 20 / 1024 {
		warm = append(warm, make([]byte, 1024))
	}
	runtime.KeepAlive(warm)
	warm = nil
	runtime.GC()
	debug.SetGCPercent(-1)
}

// giveUp frees the last block. Both ends of the block must hold their pattern.
func giveUp(a *Allocator, blocks *[]modelBlock) error {
	b := (*blocks)[len(*blocks)-1]
	*blocks = (*blocks)[:len(*blocks)-1]
	all, end := bytesAt(b.p, b.size), min(b.size, 64)
	if !filled(all[b.size-end:], b.number) || b.size > 128 && !filled(all[:end], b.number) {
		return fmt.Errorf("a block of %d bytes lost its contents", b.size)
	}
	a.Free(b.p)
	return nil
}

// TestAddressSpaceLimit: when RLIMIT_AS is reached, allocations return an error and nothing
// else goes wrong.
func TestAddressSpaceLimit(t *testing.T) {
	vm.Require(t, vm.OffHeap)
	if raceEnabled {
		t.Skip("the race detector needs more and more address space")
	}
	runChild(t, "rlimit")
}
