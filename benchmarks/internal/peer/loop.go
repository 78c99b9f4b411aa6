// SPDX-License-Identifier: Apache-2.0

package peer

import "unsafe"

// Loop is the name of the peer that allocates nothing.
const Loop = "loop-alone"

func init() {
	register(Kind{
		Name: Loop, About: "no allocator: the cost of loop, ring and touch, which all other figures contain", Rank: 900,
		In:     Single | Remote,
		Open:   func() Peer { return loopPeer{} },
		Shared: true,
	})
}

// loopPeer returns the same block again and again. Its figures are the cost of the loops with their
// touching and their ring, which the figures of all peers contain.
type loopPeer struct{}

// loopHandle has the one block.
//
//loop:hoist a := h.block
//loop:malloc p := a
//loop:free BLOCK = nil
//loop:dropped
type loopHandle struct{ block unsafe.Pointer }

// loopBlock is as large as the largest block that a loop requests. It is not on the Go heap, because
// a larger heap would change how often the collector runs for the other peers.
var loopBlock [1 << 20]byte

func (loopPeer) Handle() Handle { return &loopHandle{unsafe.Pointer(&loopBlock)} }
func (loopPeer) Trim()          {}
func (loopPeer) Close()         {}

func (h *loopHandle) Close() {}
