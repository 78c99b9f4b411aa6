// SPDX-License-Identifier: Apache-2.0

//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package harness

import (
	"time"

	"golang.org/x/sys/unix"
)

// CPUClockSupported reports whether CPUClock works here.
const CPUClockSupported = true

// CPUClock is the time that all processors spent in this process, in user mode and in the kernel.
func CPUClock() time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
