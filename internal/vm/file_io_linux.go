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

// pagemapWorks reports whether the kernel supplies useful entries. It checks the entries
// of two pages, one of which was written. An emulated kernel may have the file without
// useful contents.
var pagemapWorks = sync.OnceValue(func() bool {
	fd, err := sysMemfd("ashlar-probe")
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	if sysTruncate(fd, int64(2*pageSize)) != nil {
		return false
	}
	base, err := sysMapKind(2*pageSize, &Kind{File: &File{fd: fd}})
	if err != nil {
		return false
	}
	defer sysUnmap(base, 2*pageSize)
	raw.Bytes(base, 1)[0] = 1
	read := raw.Bytes(base+pageSize, 1)[0]
	var copies []bool
	err = readPagemap(base, 2*pageSize, func(_ uintptr, entry uint64) { copies = append(copies, isCopy(entry)) })
	return err == nil && read == 0 && len(copies) == 2 && copies[0] && !copies[1]
})
