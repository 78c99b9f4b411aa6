// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_heap || !unix || aix

package vm

import "math"

// Windows and the Go heap share these answers.

func sysGuard(uintptr, uintptr, bool) error  { return Need(Markers) }
func sysName(uintptr, uintptr, string) error { return Need(Names) }
func sysSecret() (int, error)                { return -1, Need(SecretMemory) }
func sysPunch(int, int64, int64) error       { return Need(Holes) }

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
