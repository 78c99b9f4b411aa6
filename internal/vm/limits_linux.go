// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"os"
	"strconv"
	"strings"
	"sync"
)

// MaxMappings returns how many mappings the kernel lets the process have
// (vm.max_map_count), read once.
var MaxMappings = sync.OnceValue(func() int64 {
	const kernelDefault = 65530
	text, err := os.ReadFile("/proc/sys/vm/max_map_count")
	if err != nil {
		return kernelDefault
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n <= 0 {
		return kernelDefault
	}
	return n
})

// HugePageSize returns the size of the kernel's default huge pages in bytes, read
// once: what MAP_HUGETLB uses and, on the usual processors, what transparent huge
// pages are.
var HugePageSize = sync.OnceValue(func() uintptr {
	if n := kibibytes("/proc/meminfo", "Hugepagesize:"); n > 0 {
		return uintptr(n)
	}
	return 2 << 20
})

// kibibytes returns the bytes that a line of a file in /proc tells in kB, 0 if
// there is none.
func kibibytes(file, line string) uint64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut("\n"+string(text), "\n"+line)
	rest, _, _ = strings.Cut(rest, " kB\n")
	n, err := strconv.ParseUint(strings.TrimSpace(rest), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
