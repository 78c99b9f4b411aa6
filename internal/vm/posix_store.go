// SPDX-License-Identifier: Apache-2.0

//go:build (dragonfly || freebsd || netbsd || openbsd || solaris || (linux && ashlar_posix)) && !ashlar_heap

package vm

import "golang.org/x/sys/unix"

func sysStore(fd int) error { return uninterrupted(func() error { return unix.Fsync(fd) }) }
