package main

import (
	"math/rand/v2"
	"unsafe"
)

//go:generate go run ./internal/genloops

// window is how many blocks of a pair loop are live at once.
const window = 64

// touchStride is the distance between touched bytes: the smallest page of the supported processors.
const touchStride = 4096

// A ring holds the live blocks of a pair loop. blocks[next%window] is the oldest of them.
type ring struct {
	blocks [window]unsafe.Pointer
	next   uint // unsigned, so that the division by window is a mask
}

// touch writes the first byte of a block and one byte in each page after it, which makes the kernel
// provide the pages and the processor fetch the lines.
func touch(block unsafe.Pointer, size int) {
	*(*byte)(block) = 1
	for at := touchStride; at < size; at += touchStride {
		*(*byte)(unsafe.Add(block, at)) = 1
	}
}

// inOrder lists the indices of n blocks from the first to the last.
func inOrder(n int) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	return order
}

// inRandomOrder lists the indices of n blocks in an order that is random but the same in every run.
func inRandomOrder(n int) []int32 {
	order := inOrder(n)
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}
