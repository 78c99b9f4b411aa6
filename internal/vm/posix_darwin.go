// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_heap

package vm

import "golang.org/x/sys/unix"

// sysStore asks the disk itself to store: fsync of macOS does not. File systems without
// that call get fsync.
func sysStore(fd int) error {
	return uninterrupted(func() error {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_FULLFSYNC, 0); err == nil {
			return nil
		}
		return unix.Fsync(fd)
	})
}
