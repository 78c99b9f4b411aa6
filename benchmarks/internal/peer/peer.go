// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// A Peer is one allocator under measurement.
type Peer interface {
	// Handle makes a handle for one goroutine at a time. If the peer's kind is Shared, several
	// goroutines may use handles of their own at once.
	Handle() Handle
	// Trim returns the memory that the peer retains to the kernel.
	Trim()
	// Close frees everything. The caller closes the peer's handles first.
	Close()
}

// A Handle has the measured loops. They are generated (loops_generated.go), so that each loop
// calls its allocator directly. The callers of the loops call them through this interface.
type Handle interface {
	suite.Handle
	// Pair frees the oldest block of the ring, allocates its successor and touches it, n times.
	Pair(r *Ring, size, n int)
	// Allocate fills blocks with new blocks and touches them.
	Allocate(blocks []unsafe.Pointer, size int)
	// Free frees the blocks in the order given.
	Free(blocks []unsafe.Pointer, order []int32, size int)
}

// A Buffer is one growing buffer of a peer. Its bytes stay as they were when it grows.
type Buffer interface {
	// Grow gives the buffer the size, in bytes. The first call allocates the buffer.
	Grow(size int) []byte
	// Close frees the buffer and everything that was retained for it.
	Close()
}

// The names of peers that are not in every build of the program.
const (
	Cgo     = "cgo"      // malloc of C called from Go; the tables name the C library instead
	GoArena = "go-arena" // the standard library's experimental arena
)

// orPanic panics if err is set: a lack of memory ends the measurement.
func orPanic[T any](block T, err error) T {
	must(err)
	return block
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
