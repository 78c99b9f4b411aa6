// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ashlar-go/ashlar/internal/procfs"
)

// MaxMappings returns the number of mappings that the kernel allows the process
// (vm.max_map_count). It reads the number once.
var MaxMappings = sync.OnceValue(func() int64 {
	if n := number("proc/sys/vm/max_map_count"); n > 0 {
		return n
	}
	return 65530 // the kernel's default
})

// number returns the number that a file of the kernel contains, 0 if there is none.
func number(file string) int64 {
	text, err := kernelFiles{}.ReadFile(file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// outOfMemory returns ErrOutOfMemory. If the process has as many mappings as the kernel
// allows, which causes the same kernel error, the returned error says so.
func outOfMemory() error {
	n, limit := countMappings(), MaxMappings()
	if n+nearLimit < limit {
		return ErrOutOfMemory
	}
	return fmt.Errorf("%w (the process has %d mappings, and vm.max_map_count allows %d; raise it with sysctl -w vm.max_map_count=%d)",
		ErrOutOfMemory, n, limit, 4*limit)
}

// nearLimit is the margin below the limit, in mappings, that still counts as the limit:
// one call may need several.
const nearLimit = 8

// Counting the mappings means reading a file that may be long. The count is therefore
// cached for a while, however often the kernel refuses memory.
var lastCount struct {
	mu sync.Mutex
	at time.Time
	n  int64

	buffer [16 << 10]byte // not allocated: the Go heap may lack memory, too
}

// countMappings returns the number of mappings that the process had a moment ago, 0 if it
// is unknown.
func countMappings() int64 {
	l := &lastCount
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.at) > time.Second {
		l.n, l.at = countLines("/proc/self/maps", l.buffer[:]), time.Now()
	}
	return l.n
}

// countLines returns the number of lines of a file.
func countLines(name string, buffer []byte) (n int64) {
	f, err := os.Open(name)
	if err != nil {
		return 0
	}
	defer f.Close()
	for {
		k, err := f.Read(buffer)
		n += int64(bytes.Count(buffer[:k], []byte{'\n'}))
		if err != nil {
			return n
		}
	}
}

// HugePageSize returns the size of the kernel's default huge pages in bytes. MAP_HUGETLB
// uses it; on common processors transparent huge pages have the same size. It reads the
// number once.
var HugePageSize = sync.OnceValue(func() uintptr {
	if n := kibibytes("/proc/meminfo", "Hugepagesize:"); n > 0 {
		return uintptr(n)
	}
	return 2 << 20
})

// TransparentSize returns the size of transparent huge pages in bytes, 0 if the kernel has none.
// It reads the number once.
var TransparentSize = sync.OnceValue(func() uintptr {
	return uintptr(max(number("sys/kernel/mm/transparent_hugepage/hpage_pmd_size"), 0))
})

// hugeByDefault reports whether the kernel uses transparent huge pages without being advised to. It
// reads the settings once.
var hugeByDefault = sync.OnceValue(func() bool { return procfs.AlwaysHugePages(kernelFiles{}) })

// kibibytes returns the value in bytes of a line in kB of a file in /proc, 0 if there is
// no such line.
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

// sysMemoryLimit reports that there is no limit apart from those of control groups.
func sysMemoryLimit() (int64, error) { return 0, nil }
