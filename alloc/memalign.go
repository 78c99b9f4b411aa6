// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// MaxAlign is the largest alignment of Memalign, in bytes.
const MaxAlign = 1 << 30

// Memalign returns a block of size bytes whose address is a multiple of align, a power of two
// up to MaxAlign. Another align is ErrInvalidSize. Otherwise Memalign is like Malloc. Realloc
// may reduce the alignment to Malloc's: 16 bytes, from 128 KiB on 64 bytes.
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
