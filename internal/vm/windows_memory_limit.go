// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"fmt"
	"math"
	"unsafe"

	"golang.org/x/sys/windows"
)

// sysMemoryLimit returns the machine's memory, or the limit of the process's job object if that is
// smaller.
func sysMemoryLimit() (int64, error) {
	limit, err := machineMemory()
	if err != nil {
		return 0, fmt.Errorf("the machine's memory: %w", err)
	}
	var job windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	err = windows.QueryInformationJobObject(0, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&job)), uint32(unsafe.Sizeof(job)), nil)
	if err == nil { // the process belongs to a job
		limit = min(limit, limitOfJob(&job))
	}
	return int64(min(limit, math.MaxInt64)), nil
}

var globalMemoryStatus = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// machineMemory returns the size of the machine's RAM in bytes.
func machineMemory() (uint64, error) {
	var status struct { // MEMORYSTATUSEX
		size, load    uint32
		physical      uint64
		_, _, _, _, _ uint64
		_             uint64
	}
	status.size = uint32(unsafe.Sizeof(status))
	if done, _, err := globalMemoryStatus.Call(uintptr(unsafe.Pointer(&status))); done == 0 {
		return 0, err
	}
	return status.physical, nil
}

// limitOfJob returns the smallest limit of memory in bytes: of the committed memory of the job and
// of a process in it, and of a process's working set.
func limitOfJob(job *windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION) uint64 {
	limit := uint64(math.MaxUint64)
	for _, l := range []struct {
		flag  uint32
		bytes uintptr
	}{
		{windows.JOB_OBJECT_LIMIT_JOB_MEMORY, job.JobMemoryLimit},
		{windows.JOB_OBJECT_LIMIT_PROCESS_MEMORY, job.ProcessMemoryLimit},
		{windows.JOB_OBJECT_LIMIT_WORKINGSET, job.BasicLimitInformation.MaximumWorkingSetSize},
	} {
		if job.BasicLimitInformation.LimitFlags&l.flag != 0 {
			limit = min(limit, uint64(l.bytes))
		}
	}
	return limit
}
