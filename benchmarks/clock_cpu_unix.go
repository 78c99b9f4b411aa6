//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuClockSupported says whether cpuClock works here.
const cpuClockSupported = true

// cpuClock is the time that all processors spent in this process, in user mode and in the kernel.
func cpuClock() time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
