// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"math"
	"testing"

	"golang.org/x/sys/windows"
)

// TestMemoryLimit: the limit is at most the machine's memory.
func TestMemoryLimit(t *testing.T) {
	machine, err := machineMemory()
	must(t, err)
	limit, err := MemoryLimit()
	must(t, err)
	if machine < 64*mib || limit < 1 || uint64(limit) > machine {
		t.Errorf("a limit of %d bytes on a machine of %d", limit, machine)
	}
}

// TestLimitOfJob: a limit of a job counts if its flag is set, and the smallest one wins.
func TestLimitOfJob(t *testing.T) {
	const whole, process, working = windows.JOB_OBJECT_LIMIT_JOB_MEMORY, windows.JOB_OBJECT_LIMIT_PROCESS_MEMORY, windows.JOB_OBJECT_LIMIT_WORKINGSET
	for _, c := range []struct {
		flags uint32
		want  uint64
	}{
		{0, math.MaxUint64},
		{windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, math.MaxUint64},
		{whole, 300 * mib},
		{process, 200 * mib},
		{working, 100 * mib},
		{whole | process, 200 * mib},
		{whole | process | working, 100 * mib},
	} {
		job := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{JobMemoryLimit: 300 * mib, ProcessMemoryLimit: 200 * mib}
		job.BasicLimitInformation.MaximumWorkingSetSize = 100 * mib
		job.BasicLimitInformation.LimitFlags = c.flags
		if got := limitOfJob(&job); got != c.want {
			t.Errorf("flags %#x: %d bytes, want %d", c.flags, got, c.want)
		}
	}
}
