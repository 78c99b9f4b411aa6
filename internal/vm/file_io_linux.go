// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/ashlar-go/ashlar/internal/raw"
)

func sysStore(fd int) error { return uninterrupted(func() error { return unix.Fdatasync(fd) }) }

// The bits of an entry of /proc/self/pagemap, see admin-guide/mm/pagemap of the kernel's
// documentation. A copied page of a private mapping is in RAM and not a page of the file,
// or it is swapped out.
const (
	pageOfFile  = 1 << 61 // or of shared memory
	pageSwapped = 1 << 62
	pagePresent = 1 << 63
)

func isCopy(entry uint64) bool {
	return entry&pageSwapped != 0 || entry&(pagePresent|pageOfFile) == pagePresent
}

// sysCopied reads the entries of the range, some thousands at a time.
func sysCopied(base, size uintptr, visit func(uintptr)) error {
	if !pagemapWorks() {
		return fmt.Errorf("%w: /proc/self/pagemap", ErrKernelLacks)
	}
	return readPagemap(base, size, func(page uintptr, entry uint64) {
		if isCopy(entry) {
			visit(page)
		}
	})
}

func readPagemap(base, size uintptr, visit func(page uintptr, entry uint64)) error {
	fd, err := unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return errors.Join(ErrKernelLacks, err)
	}
	defer unix.Close(fd)
	buffer := make([]byte, 8*min(size/pageSize, 8<<10))
	for end := base + size; base < end; {
		part := buffer[:min(uintptr(len(buffer)), (end-base)/pageSize*8)]
		n, err := sysRead(fd, part, int64(uint64(base/pageSize)*8))
		if err != nil || n < 8 {
			return errors.Join(ErrKernelLacks, err)
		}
		for i := 0; i+8 <= n; i += 8 {
			visit(base, binary.NativeEndian.Uint64(part[i:]))
			base += pageSize
		}
	}
	return nil
}

// pagemapWorks reports whether the kernel supplies useful entries. It checks the entries of many
// pages, some of which were written. An emulated kernel may have the file without useful
// contents, or with the bytes of each entry in another order. Such entries look right for a few
// pages by chance.
var pagemapWorks = sync.OnceValue(func() bool {
	const pages = 48
	size := pages * pageSize
	fd, err := sysMemfd("ashlar-probe")
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	if sysTruncate(fd, int64(size)) != nil {
		return false
	}
	base, err := sysMapKind(size, &Kind{File: &File{fd: fd}})
	if err != nil {
		return false
	}
	defer sysUnmap(base, size)
	written := func(page uintptr) bool { return page%3 == 0 }
	right := 0
	for i := range uintptr(pages) {
		if b := raw.Bytes(base+i*pageSize, 1); written(i) {
			b[0] = 1
		} else {
			right += int(b[0]) // reads the page, which is zero
		}
	}
	err = readPagemap(base, size, func(page uintptr, entry uint64) {
		if isCopy(entry) == written((page-base)/pageSize) {
			right++
		}
	})
	return err == nil && right == pages
})
