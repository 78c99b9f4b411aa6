// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || netbsd || openbsd || solaris || (linux && ashlar_posix)) && !ashlar_heap

package vm

import "golang.org/x/sys/unix"

// noReserve asks the kernel not to reserve memory for clean pages.
const noReserve = unix.MAP_NORESERVE
