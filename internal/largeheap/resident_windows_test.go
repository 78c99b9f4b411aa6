// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// residentBytes returns the process's working set.
func residentBytes(t testing.TB) int64 {
	var counters struct { // PROCESS_MEMORY_COUNTERS
		size, faults uint32
		peak, now    uintptr
		rest         [6]uintptr
	}
	counters.size = uint32(unsafe.Sizeof(counters))
	info := windows.NewLazySystemDLL("kernel32.dll").NewProc("K32GetProcessMemoryInfo")
	ok, _, err := info.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&counters)), unsafe.Sizeof(counters))
	if ok == 0 {
		t.Fatal(err)
	}
	return int64(counters.now)
}
