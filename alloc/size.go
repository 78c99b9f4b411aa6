// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// UsableSize returns the size of the block at p in bytes: the requested size, rounded up. All
// of it may be used. For nil it returns 0. It panics with a *MisuseError if p is not the start
// of a live block of an Allocator.
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
		panic(misuseAnywhere(opUsableSize, &r))
	}
	return int(r.usable())
}

// GoodSize returns the UsableSize, in bytes, of a block for a request of size bytes.
// Requesting GoodSize bytes wastes nothing. From 128 KiB on a block may be larger than
// GoodSize.
//
// Guarded and checked blocks have exactly the size requested. To use GoodSize bytes, request
// GoodSize bytes.
func GoodSize(size int) int { return sizeclass.GoodSize(size) }
