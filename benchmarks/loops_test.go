package main

import (
	"sync"
	"testing"
	"unsafe"
)

// counts is an allocator that knows what its callers did. It is what the generated loops of
// countingWorker call, which come from the same template as those that are measured.
type counts struct {
	mutex     sync.Mutex
	live      []unsafe.Pointer // in the order of allocation
	sizes     map[unsafe.Pointer]int
	allocated int
	peak      int
	inOrder   int // frees of the block that was the oldest
	untouched int // freed blocks with a page that was not written
	unknown   int // frees of what is not live
}

type countingWorker struct{ counts *counts }

type countingPeer struct{ counts *counts }

func (p *countingPeer) worker() worker { return &countingWorker{p.counts} }
func (p *countingPeer) trim()          {}
func (p *countingPeer) close()         {}
func (w *countingWorker) Close()       {}

// countingKind makes a kind whose peers all count into the same place.
func countingKind() (peerKind, *counts) {
	c := &counts{sizes: make(map[unsafe.Pointer]int)}
	return peerKind{name: "counting", open: func() peer { return &countingPeer{c} }, shared: true, heap: true}, c
}

func (c *counts) malloc(size int) unsafe.Pointer {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	block := unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
	c.live = append(c.live, block)
	c.sizes[block] = size
	c.allocated++
	c.peak = max(c.peak, len(c.live))
	return block
}

func (c *counts) free(block unsafe.Pointer, size int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.sizes[block] != size {
		c.unknown++
		return
	}
	if !touched(unsafe.Slice((*byte)(block), size)) {
		c.untouched++
	}
	delete(c.sizes, block)
	for i, candidate := range c.live {
		if candidate == block {
			if i == 0 {
				c.inOrder++
			}
			c.live = append(c.live[:i], c.live[i+1:]...)
			return
		}
	}
}

func touched(block []byte) bool {
	for at := 0; at < len(block); at += touchStride {
		if block[at] == 0 {
			return false
		}
	}
	return true
}

// expect checks what every workload must have done when it is closed.
func (c *counts) expect(t *testing.T, allocated, peak int) {
	t.Helper()
	if len(c.live) != 0 || c.unknown != 0 || c.untouched != 0 {
		t.Errorf("%d blocks leaked, %d frees of unknown blocks, %d blocks not touched", len(c.live), c.unknown, c.untouched)
	}
	if c.allocated != allocated {
		t.Errorf("%d blocks were allocated, want %d", c.allocated, allocated)
	}
	if c.peak != peak {
		t.Errorf("at most %d blocks were live at once, want %d", c.peak, peak)
	}
}

func TestPairKeepsWindow(t *testing.T) {
	for _, size := range []int{1, 64, touchStride, 3*touchStride + 1} {
		kind, c := countingKind()
		w := newPair(kind, size)
		for _, n := range []int{1, 0, window - 1, 500} {
			w.run(n)
			if len(c.live) != window {
				t.Errorf("size %d: %d blocks are live after %d pairs, want %d", size, len(c.live), n, window)
			}
		}
		w.close()
		c.expect(t, window+1+window-1+500, window)
		if c.inOrder < 1+window-1+500 {
			t.Errorf("size %d: only %d frees were of the oldest block", size, c.inOrder)
		}
	}
}

func TestBatchFreesInOrder(t *testing.T) {
	const blocks, n = 100, 250 // two whole batches and a part of one
	for _, order := range batchOrders {
		t.Run(order.name, func(t *testing.T) {
			kind, c := countingKind()
			w := newBatch(kind, 64, order.make(blocks))
			w.run(n)
			w.close()
			c.expect(t, n, blocks)
			if all := c.inOrder == n; all != (order.name == "fifo") {
				t.Errorf("%d of %d frees were of the oldest block", c.inOrder, n)
			}
		})
	}
}

func TestParallelSharesTheWork(t *testing.T) {
	for _, goroutines := range []int{1, 2, 16} {
		for _, n := range []int{1, 100, 10_000} {
			kind, c := countingKind()
			w := newParallel(kind, 64, goroutines)
			w.run(n)
			if len(c.live) != goroutines*window {
				t.Errorf("%d goroutines keep %d blocks, want %d", goroutines, len(c.live), goroutines*window)
			}
			w.close()
			c.expect(t, goroutines*window+n, goroutines*window)
		}
	}
}

func TestRemoteFreesEverything(t *testing.T) {
	for _, n := range []int{1, batchLength, 3*batchLength + 7} {
		kind, c := countingKind()
		w := newRemote(kind, 64)
		w.run(n)
		w.run(n)
		w.close()
		c.expect(t, 2*n, c.peak) // the peak depends on how the goroutines run
		if c.peak > remoteFlight*batchLength {
			t.Errorf("%d blocks were under way, want at most %d", c.peak, remoteFlight*batchLength)
		}
	}
}

func TestLocalBatchesFreeEverything(t *testing.T) {
	kind, c := countingKind()
	w := newLocalBatches(kind, 64)
	w.run(2*batchLength + 7)
	w.close()
	c.expect(t, 2*batchLength+7, batchLength)
}

func TestRandomOrderIsAPermutation(t *testing.T) {
	order := inRandomOrder(batchLength)
	seen := make(map[int32]bool)
	moved := 0
	for i, index := range order {
		seen[index] = true
		if int32(i) != index {
			moved++
		}
	}
	if len(seen) != batchLength || moved < batchLength*9/10 {
		t.Errorf("%d different indices of %d, %d moved", len(seen), batchLength, moved)
	}
}
