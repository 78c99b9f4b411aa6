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

// In race builds the memory of blocks is Go's, so that the detector sees them
// (package raceannotate). It is cut from large pieces that stay allocated for ever: a
// stale pointer of the program's may lead into any of them, and Go's collector ends
// the process when it finds a pointer into memory that is not allocated. What is
// given back is purged, and handed out again.
//
// Memory of Spaces that are Unwatched, and mappings that are very large, are the kernel's
// as ever. Programs that make pointers of numbers need that: the pointer checks of race
// builds take a sum of a number for one that strays from its object in Go's heap.

const (
	pieceSize = 64 << 20
	largestGo = 256 << 20 // a mapping of Go's, in bytes
	mostGo    = 8 << 30   // all of them, in bytes of address space
)

// goMemory is the memory from Go's heap.
//
//	spare: ascending by base, no two adjacent
var goMemory struct {
	mu     sync.Mutex
	pieces [][]byte  // kept, and so allocated
	bytes  uintptr   // in them
	spare  []Mapping // zero, and in nobody's use
	pins   runtime.Pinner
}

// obtain returns size bytes that are zero, of the kernel's memory if unwatched is set.
func obtain(size uintptr, unwatched bool) (uintptr, error) {
	if unwatched || size > largestGo {
		return sysMap(size)
	}
	g := &goMemory
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.spare, func(m Mapping) bool { return m.Size >= size })
	if i < 0 {
		if g.bytes > mostGo {
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

// addPiece makes size bytes more spare and returns their index.
func addPiece(size uintptr) int {
	g, page := &goMemory, PageSize()
	piece := make([]byte, size+page)
	g.pieces = append(g.pieces, piece)
	g.pins.Pin(unsafe.SliceData(piece)) // programs may pass blocks to C
	g.bytes += size
	base := raw.AlignUp(raw.Addr(unsafe.Pointer(unsafe.SliceData(piece))), page)
	return addSpare(Mapping{base, size})
}

// addSpare adds a range to those that are spare, and returns the index of the one
// that it is part of now.
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

// isGo reports whether an address is in memory of Go's.
func isGo(addr uintptr) bool {
	g := &goMemory
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.ContainsFunc(g.pieces, func(piece []byte) bool {
		return addr-raw.Addr(unsafe.Pointer(unsafe.SliceData(piece))) < uintptr(len(piece))
	})
}

// guarded says that a part of Go's memory was ever made inaccessible.
var guarded atomic.Bool

// noteGuard notes that memory is about to become inaccessible.
func noteGuard(base uintptr) {
	if !guarded.Load() && isGo(base) {
		guarded.Store(true)
	}
}

// giveBack takes back what obtain returned, or a part of it.
func giveBack(base, size uintptr) error {
	if !isGo(base) {
		return sysUnmap(base, size)
	}
	// Guards go with a mapping that is unmapped. Here they are lifted, if there may be
	// any: who has memory next may touch all of it.
	if guarded.Load() {
		_ = sysGuard(base, size, false)
		if err := sysProtect(base, size, ReadWrite); err != nil {
			return err
		}
	}
	if err := sysPurge(base, size, false); err != nil {
		// Locked memory cannot be purged. That goes with the mapping as well.
		if err := errors.Join(sysUnlock(base, size), sysPurge(base, size, false)); err != nil {
			return err
		}
	}
	goMemory.mu.Lock()
	addSpare(Mapping{base, size})
	goMemory.mu.Unlock()
	return nil
}

// changeSize changes the size of what obtain returned.
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

// move copies n bytes in pieces, as the kernel would move pages: unseen by the detector.
func move(to, from, n uintptr) {
	raw.InPieces(n, func(at, n uintptr) { movePiece(to+at, from+at, n) })
}

//go:norace
func movePiece(to, from, n uintptr) {
	piece := raw.Bytes(to, n)
	copy(piece, raw.Bytes(from, n))
}
