// SPDX-License-Identifier: Apache-2.0

//go:build !race

package watch

// Enabled reports whether the race detector is on.
const Enabled = false

// Release says that the uses of the block at addr so far are over.
func Release(addr uintptr) {}

// Acquire says that the block at addr is the caller's from now on.
func Acquire(addr uintptr) {}

// Reshape says that memory is about to be cut into other blocks than before.
func Reshape() {}
