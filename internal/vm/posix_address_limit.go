// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || freebsd || netbsd || solaris || (linux && ashlar_posix)) && !ashlar_heap

package vm

import "golang.org/x/sys/unix"

// addressLimit is the resource of which mappings of memory take a part.
const addressLimit = unix.RLIMIT_AS
