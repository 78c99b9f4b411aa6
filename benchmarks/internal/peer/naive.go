// SPDX-License-Identifier: Apache-2.0

package peer

import "unsafe"

// Naive is the name of the design with a mapping for each block.
const Naive = "naive"

func init() {
	register(Kind{
		Name: Naive, About: "a mapping for each block, with its length in a header, unmapped by free", Rank: 100,
		In:     Single | Suite,
		Open:   func() Peer { return naivePeer{} },
		Shared: true, Mapped: true, MaxLive: 2000, MinBlock: 64 << 10,
	})
}

// naivePeer retains nothing: each block is a mapping of its own, with the mapping's length in a header
// before the block. Free unmaps it.
type naivePeer struct{}

// naiveHandle calls the kernel for each block.
//
//loop:malloc p, err := naiveMalloc(size)
//loop:malloc if err != nil { panic(err) }
//loop:free if err := naiveFree(BLOCK); err != nil { panic(err) }
type naiveHandle struct{}

// naiveHeader is as long as a cache line, so that blocks are aligned to one.
const naiveHeader = 64

func (naivePeer) Handle() Handle { return &naiveHandle{} }
func (naivePeer) Trim()          {}
func (naivePeer) Close()         {}

func (h *naiveHandle) Close() {}

func naiveMalloc(size int) (unsafe.Pointer, error) {
	mapping, err := MapMemory(naiveHeader + size)
	if err != nil {
		return nil, err
	}
	*(*int)(mapping) = naiveHeader + size
	return unsafe.Add(mapping, naiveHeader), nil
}

func naiveFree(block unsafe.Pointer) error {
	mapping := unsafe.Add(block, -naiveHeader)
	return UnmapMemory(mapping, *(*int)(mapping))
}
