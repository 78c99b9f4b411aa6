// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
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

const memWriteWatch = 0x00200000 // MEM_WRITE_WATCH

// watch returns the flag of memory whose written pages the system notes.
func watch(k *Kind) uint32 {
	if k.Watched {
		return memWriteWatch
	}
	return 0
}

var (
	getWriteWatch   = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetWriteWatch")
	resetWriteWatch = windows.NewLazySystemDLL("kernel32.dll").NewProc("ResetWriteWatch")
)

// sysCopied visits the pages of watched memory that were written. Which pages of a view are copies
// it does not know: a copy that is not in the working set looks like a page that was never there.
func sysCopied(base, size uintptr, visit func(uintptr)) error {
	var pages [workingSetBatch]uintptr
	for end := base + size; base < end; {
		n, granularity := uintptr(len(pages)), uint32(0)
		failed, _, err := getWriteWatch.Call(0, base, end-base, uintptr(unsafe.Pointer(&pages)), uintptr(unsafe.Pointer(&n)), uintptr(unsafe.Pointer(&granularity)))
		if failed != 0 {
			return errors.Join(ErrKernelLacks, err)
		}
		for _, page := range pages[:n] {
			visit(page)
		}
		if n < uintptr(len(pages)) {
			return nil
		}
		base = pages[n-1] + pageSize
	}
	return nil
}

// sysForget resets the notes of sysCopied.
func sysForget(base, size uintptr) error {
	failed, _, err := resetWriteWatch.Call(base, size)
	if failed != 0 {
		return err
	}
	return nil
}
