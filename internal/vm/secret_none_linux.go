// SPDX-License-Identifier: Apache-2.0

//go:build !(386 || amd64 || arm64 || loong64 || riscv64) && !ashlar_posix && !ashlar_heap

package vm

import "golang.org/x/sys/unix"

// sysSecret fails: the kernel has memfd_secret only for other processors.
func sysSecret() (int, error) { return -1, unix.ENOSYS }
