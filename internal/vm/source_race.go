// SPDX-License-Identifier: Apache-2.0

//go:build race && linux

package vm

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// In race builds the memory for blocks comes from the Go heap, so that the race detector
// follows it (package raceannotate). It is cut from large pieces that are never freed.
// The reason is that a stale pointer of the program may point into any piece, and the Go
// garbage collector crashes the process when it finds a pointer to freed memory. Released
// memory is purged and used again.
//
// Memory of a Space that is Unannotated and very large mappings come from the kernel in
// every build. Programs that make pointers of numbers need that: the pointer checks of
// race builds (checkptr) refuse to make a pointer into the Go heap of a number.

const (
	pieceSize  = 64 << 20
	maxMapping = 256 << 20 // size in bytes of the largest mapping from the Go heap
	maxTotal   = 8 << 30   // bytes of all mappings from the Go heap
)

// goMemory is the memory from the Go heap.
//
//	spare: ascending by base, no two adjacent
var goMemory struct {
	mu     sync.Mutex
	pieces [][]byte  // referenced from here, so never freed
	bytes  uintptr   // total size of pieces
	spare  []Mapping // zeroed and unused
	pins   runtime.Pinner
}

// obtain returns size bytes of zeroed memory. The kernel's memory is required if
// unwatched is set.
func obtain(size uintptr, unwatched bool) (uintptr, error) {
	if unwatched || size > maxMapping {
		return sysMap(size)
	}
	g := &goMemory
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.spare, func(m Mapping) bool { return m.Size >= size })
	if i < 0 {
		if g.bytes > maxTotal {
			return sysMap(size)
		}
		i = addPiece(max(size, pieceSize))
	}
	m := &g.spare[i]
	base := m.Base
	m.Base += size
	if m.Size -= size; m.Size == 0 {
		g.spare = slices.Delete(g.spare, i, i+1)
	}
	raceannotate.Reshape()
	return base, nil
}

// addPiece adds at least size bytes to spare and returns their index.
func addPiece(size uintptr) int {
	g, page := &goMemory, PageSize()
	piece := make([]byte, size+page)
	g.pieces = append(g.pieces, piece)
	g.pins.Pin(unsafe.SliceData(piece)) // programs may pass blocks to C
	g.bytes += size
	base := raw.AlignUp(raw.Addr(unsafe.Pointer(unsafe.SliceData(piece))), page)
	return addSpare(Mapping{base, size})
}

// addSpare adds a range to spare, merges it with its neighbours, and returns the index of
// the merged range.
func addSpare(m Mapping) int {
	g := &goMemory
	i, _ := slices.BinarySearchFunc(g.spare, m.Base, func(s Mapping, base uintptr) int {
		if s.Base < base {
			return -1
		}
		return 1
	})
	if i < len(g.spare) && m.Base+m.Size == g.spare[i].Base {
		m.Size += g.spare[i].Size
		g.spare = slices.Delete(g.spare, i, i+1)
	}
	if i > 0 && g.spare[i-1].Base+g.spare[i-1].Size == m.Base {
		g.spare[i-1].Size += m.Size
		return i - 1
	}
	g.spare = slices.Insert(g.spare, i, m)
	return i
}

// isGo reports whether an address is in memory of the Go heap.
func isGo(addr uintptr) bool {
	g := &goMemory
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.ContainsFunc(g.pieces, func(piece []byte) bool {
		return addr-raw.Addr(unsafe.Pointer(unsafe.SliceData(piece))) < uintptr(len(piece))
	})
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
	if err := sysPurge(base, size, false); err != nil {
		// Locked memory cannot be purged. Unmapping would have unlocked it, too.
		if err := errors.Join(sysUnlock(base, size), sysPurge(base, size, false)); err != nil {
			return err
		}
	}
	goMemory.mu.Lock()
	addSpare(Mapping{base, size})
	goMemory.mu.Unlock()
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
	to, err := obtain(size, false)
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
