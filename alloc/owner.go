// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// ownsBlock reports whether s has all the room that was requested for its block, so that
// whoever has s is the block's owner. A slice whose capacity was cut, as s[:2:2] or one
// that bytes.Fields returned, may share the block with others.
//
// What no Allocator's live block begins at counts as whole: Realloc reports what is
// wrong with it, or a Memory of the program's own knows it.
func ownsBlock[T any](s []T) bool {
	size := elemSize[T]()
	if size == 0 {
		return true
	}
	n, ok := requestedAt(raw.Addr(unsafe.Pointer(unsafe.SliceData(s))))
	return !ok || cap(s) >= int(n)/size
}

// requestedAt returns how many bytes were requested for the live block that begins at
// addr, of any Allocator, rounded up as roomFor does. ok is false if none begins there.
func requestedAt(addr uintptr) (n uintptr, ok bool) {
	r := resolve(addr, anyOwner)
	if k := checkerOf(&r); k != nil {
		n = k.requested(addr)
		return n, n > 0
	}
	if !r.isLive() {
		return 0, false
	}
	return r.requested(), true
}

// requested returns how many bytes were requested for the live block that begins at
// addr; 0 if none does.
func (k *checker) requested(addr uintptr) uintptr {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := k.blocks.Find(addr)
	if at == 0 || checkedAt(at).state != checkedLive {
		return 0
	}
	return checkedAt(at).size
}

// roomFor returns the bytes to request for a slice of n bytes, such that the slice's
// capacity tells later whether it is whole: up to 1 KiB n itself, and up to 127 bytes
// more for larger blocks, of which the Allocator knows the request only so exactly. A
// slice without capacity need not have the address of its block, so it gets a byte.
func roomFor(n int) int {
	switch {
	case n == 0:
		return 1
	case n < 0 || n >= sizeclass.LargeMin:
		return n
	}
	return sizeclass.ClassCodeOf(n).Max()
}
