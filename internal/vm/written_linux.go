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

// pageExclusive is another bit of an entry of /proc/self/pagemap. A present page of anonymous
// memory has it, if no other process has the page. A page that was only read does not have it,
// because all such pages are the same page of zeros.
const pageExclusive = 1 << 56

func isWritten(entry uint64) bool {
	return entry&pageSwapped != 0 || entry&(pagePresent|pageExclusive) == pagePresent|pageExclusive
}

// sysWritten reads the entry of each page.
func sysWritten(pages []uintptr) (all bool, err error) {
	if !writtenWorks() {
		return false, fmt.Errorf("%w: /proc/self/pagemap", ErrKernelLacks)
	}
	fd, err := unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, errors.Join(ErrKernelLacks, err)
	}
	defer unix.Close(fd)
	for _, page := range pages {
		var entry [8]byte
		n, err := sysRead(fd, entry[:], int64(uint64(page/pageSize)*8))
		if err != nil || n < len(entry) {
			return false, errors.Join(ErrKernelLacks, err)
		}
		if !isWritten(binary.NativeEndian.Uint64(entry[:])) {
			return false, nil
		}
	}
	return true, nil
}

// writtenWorks reports whether the kernel tells pages that were written from pages that were read, and
// from those that were not touched. An emulated kernel may have the file with other contents, which
// are right for a few pages by chance.
var writtenWorks = sync.OnceValue(func() bool {
	const pages = 48
	base, err := sysMap(pages * pageSize)
	if err != nil {
		return false
	}
	defer sysUnmap(base, pages*pageSize)
	for i := range uintptr(pages) {
		b := raw.Bytes(base+i*pageSize, 1)
		switch i % 3 {
		case 0:
			b[0] = 1
		case 1:
			if b[0] != 0 { // reads the page, which is zero
				return false
			}
		}
	}
	right := 0
	err = readPagemap(base, pages*pageSize, func(page uintptr, entry uint64) {
		if isWritten(entry) == ((page-base)/pageSize%3 == 0) {
			right++
		}
	})
	return err == nil && right == pages
})
