package main

import "unsafe"

// naivePeer is the design without any retention: each block is a mapping of its own, whose length
// stands in a header in front of the block and which free unmaps.
type naivePeer struct{}

type naiveWorker struct{}

// naiveHeader is as long as a cache line, to keep the blocks aligned to one.
const naiveHeader = 64

func openNaive() peer { return naivePeer{} }

func (naivePeer) worker() worker { return &naiveWorker{} }
func (naivePeer) trim()          {}
func (naivePeer) close()         {}

func (w *naiveWorker) Close() {}

func naiveMalloc(size int) (unsafe.Pointer, error) {
	mapping, err := mapMemory(naiveHeader + size)
	if err != nil {
		return nil, err
	}
	*(*int)(mapping) = naiveHeader + size
	return unsafe.Add(mapping, naiveHeader), nil
}

func naiveFree(block unsafe.Pointer) error {
	mapping := unsafe.Add(block, -naiveHeader)
	return unmapMemory(mapping, *(*int)(mapping))
}
