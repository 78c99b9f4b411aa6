// SPDX-License-Identifier: Apache-2.0

//go:build !race

package raceannotate

// Enabled reports whether the race detector is on.
const Enabled = false

// Release records that all accesses to the block at addr until now are over.
func Release(addr uintptr) {}

// Acquire records that the caller owns the block at addr from now on.
func Acquire(addr uintptr) {}

// Reshape records that memory is about to be divided into blocks at other addresses.
func Reshape() {}
