// SPDX-License-Identifier: Apache-2.0

//go:build (386 || amd64 || arm64 || loong64 || riscv64) && !ashlar_posix && !ashlar_heap

package vm

import "golang.org/x/sys/unix"

func sysSecret() (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_MEMFD_SECRET, unix.O_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}
