// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// MaxAlign is the largest alignment that Memalign gives, in bytes.
const MaxAlign = 1 << 30

// Memalign returns a block of size bytes whose address is a multiple of align, a
// power of two up to MaxAlign. It is like Malloc otherwise. Realloc keeps the
// alignment only as far as it is kept by Malloc: to 16 bytes, to 64 from 128 KiB on.
func (a *Allocator) Memalign(align, size int) (unsafe.Pointer, error) {
	return a.memalign((*processors)(a), align, size)
}

func (a *Allocator) memalign(h holder, align, size int) (unsafe.Pointer, error) {
	if align <= 0 || align&(align-1) != 0 || align > MaxAlign || size < 0 {
		return nil, &Error{Op: opMemalign.String(), Size: size, Err: ErrInvalidSize}
	}
	addr, _, err := a.allocate(h, opMemalign, size, align)
	return raw.Pointer(addr), err
}
