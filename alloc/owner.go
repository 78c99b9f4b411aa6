// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// ownsBlock reports whether the capacity of s is the whole size that was requested for its
// block. If it is, whoever has s owns the block. A slice with a reduced capacity may share the
// block with other slices. Examples are s[:2:2] and the slices that bytes.Fields returns.
//
// ownsBlock returns true if no live block of any Allocator begins at the slice's address. Then
// either the slice belongs to a Memory that the program implements, or Realloc reports what is
// wrong with the address.
func ownsBlock[T any](s []T) bool {
	size := elemSize[T]()
	if size == 0 {
		return true
	}
	n, ok := requestedAt(raw.Addr(unsafe.Pointer(unsafe.SliceData(s))))
	return !ok || cap(s) >= int(n)/size
}

// requestedAt returns how many bytes were requested for the live block that begins at addr. The
// block may belong to any Allocator. n is rounded up in the same way as roomFor rounds. ok is
// false if no live block begins at addr.
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

// requested returns how many bytes were requested for the live block that begins at addr. It
// returns 0 if no live block begins at addr.
func (k *checker) requested(addr uintptr) uintptr {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := k.blocks.Find(addr)
	if at == 0 || checkedAt(at).state != checkedLive {
		return 0
	}
	return checkedAt(at).size
}

// roomFor returns how many bytes to request for a slice of n bytes. With this size, ownsBlock
// can later compare the slice's capacity with the requested size. Up to 1 KiB the result is n.
// For larger blocks it is up to 127 bytes more, because the Allocator stores the requested size
// of a larger block only with that precision.
//
// For n = 0 the result is 1 byte, because a slice of capacity 0 may have an address other than
// that of its block.
func roomFor(n int) int {
	switch {
	case n == 0:
		return 1
	case n < 0 || n >= sizeclass.LargeMin:
		return n
	}
	return sizeclass.ClassCodeOf(n).Max()
}
