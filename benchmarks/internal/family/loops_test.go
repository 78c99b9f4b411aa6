// SPDX-License-Identifier: Apache-2.0

package family

import (
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peertest"
)

func TestPairKeepsWindow(t *testing.T) {
	for _, size := range []int{1, 64, peer.TouchStride, 3*peer.TouchStride + 1} {
		kind, c := peertest.Kind()
		w := newPair(kind, size)
		for _, n := range []int{1, 0, peer.Window - 1, 500} {
			w.Run(n)
			if c.Live() != peer.Window {
				t.Errorf("size %d: %d blocks are live after %d pairs, want %d", size, c.Live(), n, peer.Window)
			}
		}
		w.Close()
		c.Expect(t, peer.Window+1+peer.Window-1+500, peer.Window)
		if c.InOrder() < 1+peer.Window-1+500 {
			t.Errorf("size %d: only %d frees were of the oldest block", size, c.InOrder())
		}
	}
}

func TestBatchFreesInOrder(t *testing.T) {
	const blocks, n = 100, 250 // two whole batches and a part of one
	for _, order := range batchOrders {
		t.Run(order.name, func(t *testing.T) {
			kind, c := peertest.Kind()
			w := newBatch(kind, 64, order.make(blocks))
			w.Run(n)
			w.Close()
			c.Expect(t, n, blocks)
			if all := c.InOrder() == n; all != (order.name == "fifo") {
				t.Errorf("%d of %d frees were of the oldest block", c.InOrder(), n)
			}
		})
	}
}

func TestParallelSharesTheWork(t *testing.T) {
	for _, goroutines := range []int{1, 2, 16} {
		for _, n := range []int{1, 100, 10_000} {
			kind, c := peertest.Kind()
			w := newParallel(kind, 64, goroutines)
			w.Run(n)
			if c.Live() != goroutines*peer.Window {
				t.Errorf("%d goroutines keep %d blocks, want %d", goroutines, c.Live(), goroutines*peer.Window)
			}
			w.Close()
			c.Expect(t, goroutines*peer.Window+n, goroutines*peer.Window)
		}
	}
}

func TestRemoteFreesEverything(t *testing.T) {
	for _, n := range []int{1, batchLength, 3*batchLength + 7} {
		kind, c := peertest.Kind()
		w := newRemote(kind, 64)
		w.Run(n)
		w.Run(n)
		w.Close()
		c.Expect(t, 2*n, c.Peak()) // the peak depends on how the goroutines run
		if c.Peak() > remoteFlight*batchLength {
			t.Errorf("%d blocks were under way, want at most %d", c.Peak(), remoteFlight*batchLength)
		}
	}
}

func TestLocalBatchesFreeEverything(t *testing.T) {
	kind, c := peertest.Kind()
	w := newLocalBatches(kind, 64)
	w.Run(2*batchLength + 7)
	w.Close()
	c.Expect(t, 2*batchLength+7, batchLength)
}

func TestStepsOfWorkloads(t *testing.T) {
	const blocks = 10
	kind, c := peertest.Kind()
	w := newBatch(kind, 64, peer.InRandomOrder(blocks))
	for range 3 * 2 * blocks { // three batches
		w.Steps[0]()
	}
	c.Expect(t, 3*blocks, blocks)

	kind, c = peertest.Kind()
	w = newPair(kind, 64)
	for range 5 {
		w.Steps[0]()
	}
	w.Close()
	c.Expect(t, peer.Window+5, peer.Window)

	kind, c = peertest.Kind()
	w = newParallel(kind, 64, 3)
	for _, s := range w.Steps {
		s()
	}
	w.Close()
	c.Expect(t, 3*peer.Window+3, 3*peer.Window)
}
