// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// inRAM returns how many bytes of the allocator's memory are in RAM, page by page as the kernel
// tells: what other tests left in the process, and what of it goes meanwhile, is not included.
func inRAM(t testing.TB, a *Allocator) (bytes int64) {
	t.Helper()
	return residentIn(t, a.mappings())
}

// blocksInRAM is inRAM without the metadata: what the footprint bounds.
func blocksInRAM(t testing.TB, a *Allocator) int64 {
	t.Helper()
	var all []vm.Mapping
	add := func(m vm.Mapping) { all = append(all, m) }
	a.pages.Mappings(add)
	a.large.Mappings(add)
	return residentIn(t, all)
}

func residentIn(t testing.TB, mappings []vm.Mapping) (n int64) {
	t.Helper()
	const least, none = 4096, 0xff // the smallest page of any kernel; no answer
	for _, m := range mappings {
		pages := bytes.Repeat([]byte{none}, int(m.Size/least))
		if _, _, err := unix.Syscall(unix.SYS_MINCORE, m.Base, m.Size, uintptr(unsafe.Pointer(&pages[0]))); err != 0 {
			t.Fatal(err)
		}
		page := os.Getpagesize()
		if pages[len(pages)-1] != none { // also if an emulator has larger pages than the kernel below it, which answers
			page = least
		}
		for _, p := range pages[:int(m.Size)/page] {
			n += int64(p&1) * int64(page)
		}
	}
	return n
}

// addressSpace returns the size of the process's address space in bytes.
func addressSpace() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	var n int64
	if _, err := fmt.Sscan(strings.Fields(string(text))[0], &n); err != nil {
		panic(err)
	}
	return n * int64(os.Getpagesize())
}

// TestResident compares the kernel's resident set before and after memory is freed.
func TestResident(t *testing.T) {
	vm.Require(t, vm.Purging)
	if raceEnabled {
		t.Skip("the race detector's own records of the blocks are resident, too")
	}
	const size, n = 4096, 64 << 20 / 4096
	a := open(t, still)
	blocks := make([]unsafe.Pointer, n)
	for i := range blocks {
		blocks[i] = alloc(t, a, size)
	}
	before := inRAM(t, a)
	for _, p := range blocks {
		fill(bytesAt(p, size), 1)
	}
	used := inRAM(t, a)
	if used-before < n*size*9/10 {
		t.Errorf("%d bytes were written, the resident set grew by %d", n*size, used-before)
	}
	for _, p := range blocks {
		a.Free(p)
	}
	freed := a.Trim()
	if left := inRAM(t, a) - before; left > n*size/50 {
		t.Errorf("%d bytes of %d are still resident after Trim", left, n*size)
	}
	if freed < n*size {
		t.Errorf("Trim returned %d bytes of %d", freed, n*size)
	}
}
