// SPDX-License-Identifier: Apache-2.0

//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package peer

import (
	"errors"
	"unsafe"
)

// MapSupported reports whether MapMemory works here.
const MapSupported = false

// MapMemory fails on this system.
func MapMemory(int) (unsafe.Pointer, error) { return nil, errors.ErrUnsupported }

// UnmapMemory fails on this system.
func UnmapMemory(unsafe.Pointer, int) error { return errors.ErrUnsupported }
