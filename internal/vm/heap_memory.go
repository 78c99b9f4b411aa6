// SPDX-License-Identifier: Apache-2.0

//go:build race || ashlar_heap || !(unix || windows) || aix

package vm

import (
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// Memory of the Go heap is cut from large pieces that are never freed. The reason is that
// a stale pointer of the program may point into any piece, and the Go garbage collector
// crashes the process when it finds a pointer to freed memory. Released memory is zeroed
// and used again.

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

// takeGo returns size bytes of zeroed memory at a multiple of align. It fails if more than
// most bytes would be in pieces.
func takeGo(size, align, most uintptr) (uintptr, bool) {
	g := &goMemory
	g.mu.Lock()
	defer g.mu.Unlock()
	align = max(align, PageSize())
	i := slices.IndexFunc(g.spare, func(m Mapping) bool {
		skipped := raw.AlignUp(m.Base, align) - m.Base
		return skipped <= m.Size && m.Size-skipped >= size
	})
	if i < 0 {
		whole := size + align - PageSize()
		if whole < size || whole > most || g.bytes > most-whole {
			return 0, false
		}
		i = addPiece(max(whole, pieceSize))
	}
	m := g.spare[i]
	g.spare = slices.Delete(g.spare, i, i+1)
	base := raw.AlignUp(m.Base, align)
	if skipped := base - m.Base; skipped > 0 {
		addSpare(Mapping{m.Base, skipped})
	}
	if end := base + size; end < m.Base+m.Size {
		addSpare(Mapping{end, m.Base + m.Size - end})
	}
	return base, true
}

// giveBackGo takes back zeroed memory.
func giveBackGo(base, size uintptr) {
	goMemory.mu.Lock()
	addSpare(Mapping{base, size})
	goMemory.mu.Unlock()
}

// addPiece adds at least size bytes to spare and returns their index.
func addPiece(size uintptr) int {
	g, page := &goMemory, PageSize()
	piece := make([]byte, size+page)
	g.pieces = append(g.pieces, piece)
	g.pins.Pin(unsafe.SliceData(piece)) // programs may pass blocks to C
	g.bytes += size
	goBytes.Add(int64(len(piece)))
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
