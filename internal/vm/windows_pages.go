// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// workingSetBatch is the number of pages that the system is asked about at a time.
const workingSetBatch = 256

// sysResident sets bit 0 of each byte of pages that stands for a page of the process's working
// set. The system can take pages from the working set and keep them in RAM for a while.
func sysResident(base uintptr, pages []byte) error {
	var info [workingSetBatch]windows.PSAPI_WORKING_SET_EX_INFORMATION
	for len(pages) > 0 {
		n := min(len(pages), len(info))
		for i := range info[:n] {
			info[i].VirtualAddress = windows.Pointer(raw.Pointer(base + uintptr(i)*pageSize))
		}
		err := windows.QueryWorkingSetEx(windows.CurrentProcess(), uintptr(unsafe.Pointer(&info)), uint32(uintptr(n)*unsafe.Sizeof(info[0])))
		if err != nil {
			return err
		}
		for i := range info[:n] {
			pages[i] = 0
			if info[i].VirtualAttributes.Valid() {
				pages[i] = 1
			}
		}
		base, pages = base+uintptr(n)*pageSize, pages[n:]
	}
	return nil
}

// prefetchVirtualMemory begins to read ranges of pages. Windows 8 and later have it.
var prefetchVirtualMemory = windows.NewLazySystemDLL("kernel32.dll").NewProc("PrefetchVirtualMemory")

func prefetch(base, size uintptr) error {
	if err := prefetchVirtualMemory.Find(); err != nil {
		return Need(Prefetching)
	}
	ranges := struct{ base, size uintptr }{base, size} // WIN32_MEMORY_RANGE_ENTRY
	done, _, err := prefetchVirtualMemory.Call(uintptr(windows.CurrentProcess()), 1, uintptr(unsafe.Pointer(&ranges)), 0)
	if done == 0 {
		return err
	}
	return nil
}
