//go:build !linux

package vm

import "math"

func sysMap(uintptr) (uintptr, error)                     { return 0, ErrUnsupported }
func sysUnmap(uintptr, uintptr) error                     { return ErrUnsupported }
func sysPurge(uintptr, uintptr, bool) error               { return ErrUnsupported }
func sysRemap(uintptr, uintptr, uintptr) (uintptr, error) { return 0, ErrUnsupported }

// MaxMappings returns how many mappings the kernel lets the process have.
func MaxMappings() int64 { return math.MaxInt64 }
