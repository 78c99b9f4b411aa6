// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// UsableSize returns the size in bytes of the block that p points to: what was
// asked for, rounded up. All of it may be used. It is 0 for nil, and panics with
// a *MisuseError if p does not point to the start of a live block of an Allocator.
func UsableSize(p unsafe.Pointer) int {
	addr := raw.Addr(p)
	if addr == 0 {
		return 0
	}
	r := resolve(addr, anyOwner)
	if k := checkerOf(&r); k != nil {
		return int(k.usable(opUsableSize, addr))
	}
	if !r.isLive() {
		panic(describeResident(opUsableSize, &r))
	}
	return int(r.usable())
}

// GoodSize returns the UsableSize, in bytes, of the block that a request of size
// bytes gets. Requests of so many bytes waste nothing. For 128 KiB and more it
// is the least that the block has. Of a guarded or checked block no more may be used
// than was asked for: who wants GoodSize bytes asks for so many.
func GoodSize(size int) int { return sizeclass.GoodSize(size) }
