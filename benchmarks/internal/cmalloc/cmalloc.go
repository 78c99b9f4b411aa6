// SPDX-License-Identifier: Apache-2.0

//go:build cgo && cgopeer

package cmalloc

// #include <stdlib.h>
import "C"

import (
	"fmt"
	"unsafe"
)

// Malloc allocates a block of size bytes. It panics if there is no memory, as all functions of this package do.
func Malloc(size int) unsafe.Pointer { return checked(C.malloc(C.size_t(size)), size) }

// Calloc allocates a zeroed block of size bytes.
func Calloc(size int) unsafe.Pointer { return checked(C.calloc(1, C.size_t(size)), size) }

// Realloc changes the size of a block to size bytes. The block may move.
func Realloc(block unsafe.Pointer, size int) unsafe.Pointer {
	return checked(C.realloc(block, C.size_t(size)), size)
}

// Free frees a block.
func Free(block unsafe.Pointer) { C.free(block) }

func checked(block unsafe.Pointer, size int) unsafe.Pointer {
	if block == nil {
		panic(fmt.Sprintf("cmalloc: no memory for %d bytes", size))
	}
	return block
}
