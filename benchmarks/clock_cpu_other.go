//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package main

import "time"

// cpuClockSupported says whether cpuClock works here.
const cpuClockSupported = false

func cpuClock() time.Duration { panic("benchmarks: processor time cannot be read on this system") }
