// SPDX-License-Identifier: Apache-2.0

//go:build race

package watch

import (
	"runtime"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// Enabled reports whether the race detector is on.
const Enabled = true

// Go's heap in race builds lies in these bounds, on every platform: the detector
// has shadow memory for no other (runtime/malloc.go).
const (
	lowest  = 0x00c0 << 32
	highest = 0x00e0 << 32
)

// seen reports whether the detector follows the address.
func seen(addr uintptr) bool { return uint64(addr) >= lowest && uint64(addr) < highest }

// shape is the token of Reshape.
var shape byte

// Release says that the uses of the block at addr so far are over.
func Release(addr uintptr) {
	if seen(addr) {
		runtime.RaceReleaseMerge(raw.Pointer(addr))
		runtime.RaceReleaseMerge(unsafe.Pointer(&shape))
	}
}

// Acquire says that the block at addr is the caller's from now on.
func Acquire(addr uintptr) {
	if seen(addr) {
		runtime.RaceAcquire(raw.Pointer(addr))
	}
}

// Reshape says that memory is about to be cut into other blocks than before.
func Reshape() { runtime.RaceAcquire(unsafe.Pointer(&shape)) }
