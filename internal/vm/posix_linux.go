// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_posix && !ashlar_heap

package vm

import "golang.org/x/sys/unix"

const sourceTag = ", tag ashlar_posix"

// machineMemory returns the size of the machine's RAM in bytes.
func machineMemory() (uint64, error) {
	var s unix.Sysinfo_t
	err := unix.Sysinfo(&s)
	return uint64(s.Totalram) * uint64(s.Unit), err
}
