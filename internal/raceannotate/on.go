// SPDX-License-Identifier: Apache-2.0

//go:build race

package raceannotate

import (
	"runtime"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// Enabled reports whether the race detector is on.
const Enabled = true

// In race builds the Go heap lies within these bounds on every platform, because the
// detector has shadow memory for no other addresses (runtime/malloc.go).
const (
	minAddr = 0x00c0 << 32
	maxAddr = 0x00e0 << 32 // exclusive
)

// followed reports whether the detector follows the address.
func followed(addr uintptr) bool { return uint64(addr) >= minAddr && uint64(addr) < maxAddr }

// shape is the token of all blocks: its address is what Reshape acquires.
var shape byte

// Release records that all accesses to the block at addr until now are over.
func Release(addr uintptr) {
	if followed(addr) {
		runtime.RaceReleaseMerge(raw.Pointer(addr))
		runtime.RaceReleaseMerge(unsafe.Pointer(&shape))
	}
}

// Acquire records that the caller owns the block at addr from now on.
func Acquire(addr uintptr) {
	if followed(addr) {
		runtime.RaceAcquire(raw.Pointer(addr))
	}
}

// Reshape records that memory is about to be divided into blocks at other addresses.
func Reshape() { runtime.RaceAcquire(unsafe.Pointer(&shape)) }
