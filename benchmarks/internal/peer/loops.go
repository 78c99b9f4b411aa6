// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"math/rand/v2"
	"unsafe"
)

//go:generate go run ../genloops

// Window is how many blocks of a pair loop are live at once.
const Window = 64

// TouchStride is the distance between touched bytes: the smallest page of the supported processors.
const TouchStride = 4096

// A Ring holds the live blocks of a pair loop. Blocks[Next%Window] is the oldest of them.
type Ring struct {
	Blocks [Window]unsafe.Pointer
	Next   uint // unsigned, so that the division by Window is a mask
}

// NewRing makes a ring of live blocks.
func NewRing(h Handle, size int) *Ring {
	r := new(Ring)
	h.Allocate(r.Blocks[:], size)
	return r
}

// Drain frees the blocks of the ring.
func (r *Ring) Drain(h Handle, size int) {
	h.Free(r.Blocks[:], InOrder(Window), size)
	clear(r.Blocks[:])
}

// Touch writes the first byte of a block and one byte in each page after it. This makes the kernel
// provide the pages and the processor fetch the cache lines.
func Touch(block unsafe.Pointer, size int) {
	*(*byte)(block) = 1
	for at := TouchStride; at < size; at += TouchStride {
		*(*byte)(unsafe.Add(block, at)) = 1
	}
}

// InOrder lists the indices of n blocks from the first to the last.
func InOrder(n int) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	return order
}

// InRandomOrder lists the indices of n blocks in a random order. The order is the same in every run.
func InRandomOrder(n int) []int32 {
	order := InOrder(n)
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}
