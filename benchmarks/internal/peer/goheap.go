// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"runtime/debug"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// Make is the name of the Go heap.
const Make = "make"

func init() {
	register(Kind{
		Name: Make, About: "the Go heap: make([]byte, n), kept while it is live and then forgotten", Rank: 60,
		In:     Single | Parallel | Remote | Live | Suite,
		Open:   func() Peer { return makePeer{} },
		Arenas: func() func() suite.Arena { return func() suite.Arena { return heapArena{} } },
		Shared: true, Heap: true, Litter: true,
	})
}

// makePeer allocates with make([]byte, size), and frees by forgetting. Its blocks are zeroed. The
// collector runs with the default GOGC, so the cost of a block includes the collector's.
type makePeer struct{}

// makeHandle calls make.
//
//loop:malloc p := unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
//loop:free BLOCK = nil
//loop:dropped
type makeHandle struct{}

func (makePeer) Handle() Handle { return &makeHandle{} }
func (makePeer) Trim()          { debug.FreeOSMemory() }
func (makePeer) Close()         {}

func (h *makeHandle) Close() {}

// Calloc is Malloc, whose blocks are zeroed.
func (h *makeHandle) Calloc(size int) unsafe.Pointer { return h.Malloc(size) }

// heapArena is the Go heap: objects are garbage when nothing refers to them any more.
type heapArena struct{}

func (heapArena) Node() *suite.Node          { return new(suite.Node) }
func (heapArena) Tower() *suite.Tower        { return new(suite.Tower) }
func (heapArena) Links(n int) []*suite.Tower { return make([]*suite.Tower, n) }
func (heapArena) Bytes(n int) []byte         { return make([]byte, n) }
func (heapArena) Reset()                     {}
func (heapArena) Close()                     {}
