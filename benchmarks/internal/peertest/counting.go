// SPDX-License-Identifier: Apache-2.0

package peertest

import (
	"sync"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
)

//go:generate go run ../genloops

// Counts is an allocator that counts what its callers do. The loops that call it are generated from
// the same template as the loops that are measured. Its mutex guards all fields.
type Counts struct {
	mutex     sync.Mutex
	live      []unsafe.Pointer // in the order of allocation
	sizes     map[unsafe.Pointer]int
	allocated int
	peak      int
	inOrder   int // frees of the block that was the oldest
	untouched int // freed blocks with a page that was not written
	unknown   int // frees of blocks that are not live
}

// countingHandle calls the Counts.
//
//loop:hoist a := h.counts
//loop:malloc p := a.malloc(size)
//loop:free a.free(BLOCK, size)
type countingHandle struct{ counts *Counts }

type countingPeer struct{ counts *Counts }

func (p *countingPeer) Handle() peer.Handle { return &countingHandle{p.counts} }
func (p *countingPeer) Trim()               {}
func (p *countingPeer) Close()              {}

func (h *countingHandle) Close() {}

// Kind makes a kind. All of its peers count into the Counts.
func Kind() (peer.Kind, *Counts) {
	c := &Counts{sizes: make(map[unsafe.Pointer]int)}
	return peer.Kind{Name: "counting", Open: func() peer.Peer { return &countingPeer{c} }, Shared: true, Heap: true}, c
}

// Live is how many blocks are live.
func (c *Counts) Live() int { return len(c.live) }

// Peak is how many blocks were live at once at most.
func (c *Counts) Peak() int { return c.peak }

// InOrder is how many frees were of the block that was the oldest.
func (c *Counts) InOrder() int { return c.inOrder }

func (c *Counts) malloc(size int) unsafe.Pointer {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	block := unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
	c.live = append(c.live, block)
	c.sizes[block] = size
	c.allocated++
	c.peak = max(c.peak, len(c.live))
	return block
}

func (c *Counts) free(block unsafe.Pointer, size int) {
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
	for at := 0; at < len(block); at += peer.TouchStride {
		if block[at] == 0 {
			return false
		}
	}
	return true
}

// Expect checks what every workload must have done when it is closed.
func (c *Counts) Expect(t *testing.T, allocated, peak int) {
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
