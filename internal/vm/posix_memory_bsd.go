// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || freebsd || netbsd || openbsd) && !ashlar_heap

package vm

import (
	"encoding/binary"
	"runtime"

	"golang.org/x/sys/unix"
)

// machineMemory returns the size of the machine's RAM in bytes.
func machineMemory() (uint64, error) {
	name := "hw.physmem"
	switch runtime.GOOS {
	case "darwin":
		name = "hw.memsize" // hw.physmem has 32 bits
	case "netbsd":
		name = "hw.physmem64"
	}
	n, err := unix.SysctlRaw(name)
	switch {
	case err != nil:
		return 0, err
	case len(n) == 4: // an unsigned long of a 32-bit system
		return uint64(binary.NativeEndian.Uint32(n)), nil
	case len(n) == 8:
		return binary.NativeEndian.Uint64(n), nil
	}
	return 0, unix.EIO
}
