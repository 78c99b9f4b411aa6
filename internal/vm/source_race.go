// SPDX-License-Identifier: Apache-2.0

//go:build race && ((unix && !aix) || windows) && !ashlar_heap

package vm

import (
	"errors"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// In race builds the memory for blocks comes from the Go heap, so that the race detector
// follows it (package raceannotate).
//
// Memory of a Space that is Unannotated and very large mappings come from the kernel in
// every build. Programs that make pointers of numbers need that: the pointer checks of
// race builds (checkptr) refuse to make a pointer into the Go heap of a number.

const (
	pieceSize  = 64 << 20
	maxMapping = 256 << 20 // size in bytes of the largest mapping from the Go heap
	maxTotal   = 8 << 30   // bytes of all mappings from the Go heap
)

// obtain returns size bytes of zeroed memory. The kernel's memory is required if
// unannotated is set.
func obtain(size, align uintptr, unannotated bool) (uintptr, error) {
	if !unannotated && size <= maxMapping {
		if base, ok := takeGo(size, align, maxTotal); ok {
			raceannotate.Reshape()
			return base, nil
		}
	}
	return sysMapAligned(size, align)
}

// guarded is set once a part of this memory was made inaccessible.
var guarded atomic.Bool

// noteGuard records that memory is about to become inaccessible.
func noteGuard(base uintptr) {
	if !guarded.Load() && isGo(base) {
		guarded.Store(true)
	}
}

// giveBack takes back a range that obtain returned, or a part of it.
func giveBack(base, size uintptr) error {
	if !isGo(base) {
		return sysUnmap(base, size)
	}
	// Unmapping would remove guards. Here they must be removed explicitly, because the
	// next owner may use every page.
	if guarded.Load() {
		_ = sysGuard(base, size, false)
		if err := sysProtect(base, size, ReadWrite); err != nil {
			return err
		}
	}
	if !Able(Parts) { // the kernel cannot purge a part of the Go heap
		raw.Clear(base, size)
		giveBackGo(base, size)
		return nil
	}
	if err := sysPurge(base, size, false); err != nil {
		// Locked memory cannot be purged. Unmapping would have unlocked it, too.
		if err := errors.Join(sysUnlock(base, size), sysPurge(base, size, false)); err != nil {
			return err
		}
	}
	giveBackGo(base, size)
	return nil
}

// changeSize resizes a range that obtain returned.
func changeSize(base, old, size uintptr) (uintptr, error) {
	switch {
	case !isGo(base):
		return sysRemap(base, old, size)
	case size <= old:
		if size == old {
			return base, nil
		}
		return base, giveBack(base+size, old-size)
	}
	to, err := obtain(size, 0, false)
	if err != nil {
		return 0, err
	}
	move(to, base, old)
	return to, giveBack(base, old)
}

// move copies n bytes in steps. The detector does not see it, as it would not see the
// kernel move pages.
func move(to, from, n uintptr) {
	raw.InPieces(n, func(at, n uintptr) { movePiece(to+at, from+at, n) })
}

//go:norace
func movePiece(to, from, n uintptr) {
	piece := raw.Bytes(to, n)
	copy(piece, raw.Bytes(from, n))
}
