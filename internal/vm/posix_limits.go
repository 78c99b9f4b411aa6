// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || freebsd || netbsd || openbsd || solaris || (linux && ashlar_posix)) && !ashlar_heap

package vm

import "math"

// MaxMappings returns the number of mappings that the kernel allows the process.
func MaxMappings() int64 { return math.MaxInt64 }

// HugePageSize returns the size of huge pages in bytes.
func HugePageSize() uintptr { return 2 << 20 }

// hugeByDefault reports whether mappings must be advised against huge pages. This source has no such
// advice.
var hugeByDefault = func() bool { return false }

// sysWritten says that the source does not tell which pages were written.
func sysWritten([]uintptr) (bool, error) { return false, ErrKernelLacks }

// TransparentSize returns the size of transparent huge pages in bytes, 0 if the kernel has none.
func TransparentSize() uintptr { return 0 }
