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

// run makes threads of C use the allocator. It returns how many blocks were overwritten
// or could not be allocated.
func run(a *alloc.Allocator, threads, rounds int) int {
	allocator = a
	return int(C.run_threads(C.int(threads), C.int(rounds)))
}
