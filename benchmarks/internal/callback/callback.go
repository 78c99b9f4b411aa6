// SPDX-License-Identifier: Apache-2.0

package callback

// #include "callback.h"
import "C"

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// allocator serves the callbacks.
var allocator *alloc.Allocator

//export goMalloc
func goMalloc(size C.size_t) unsafe.Pointer {
	p, err := allocator.Malloc(int(size))
	if err != nil {
		return nil
	}
	return p
}

//export goFree
func goFree(p unsafe.Pointer) { allocator.Free(p) }

// play has threads of C's use the allocator, and returns how many blocks did not
// hold what had been written to them, or could not be had.
func play(a *alloc.Allocator, threads, rounds int) int {
	allocator = a
	return int(C.play(C.int(threads), C.int(rounds)))
}
