// SPDX-License-Identifier: Apache-2.0

//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package harness

import "time"

// CPUClockSupported reports whether CPUClock works here.
const CPUClockSupported = false

// CPUClock panics on this system.
func CPUClock() time.Duration { panic("harness: processor time cannot be read on this system") }
