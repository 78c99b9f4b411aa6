// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

func checkNothingLive(t *testing.T, heap *alloc.Allocator) {
	t.Helper()
	if s := heap.Stats(); s.Live() != 0 {
		t.Errorf("%d blocks are live", s.Live())
	}
	if err := heap.Close(); err != nil {
		t.Error(err)
	}
}

// TestRing: all messages arrive if there are more producers than buffers.
func TestRing(t *testing.T) {
	var heap alloc.Allocator
	r, err := newBufferRing(&heap, 3, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if sent, arrived := carry(r, 5, 2, 500); sent != arrived || sent == 0 {
		t.Errorf("sent %d, arrived %d", sent, arrived)
	}
	r.Close()
	checkNothingLive(t, &heap)
}

// BenchmarkRing passes messages from one goroutine to another, in a ring of buffers and in
// new buffers.
func BenchmarkRing(b *testing.B) {
	const size = 16 << 10
	b.Run("peer=ashlar", func(b *testing.B) {
		r, err := newBufferRing(alloc.Default(), 64, size)
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		carry(r, 1, 1, b.N)
	})
	b.Run("peer=goheap", func(b *testing.B) {
		full := make(chan []byte, 64)
		go func() {
			for i := range b.N {
				m := make([]byte, size)
				m[i%size] = 1
				full <- m
			}
			close(full)
		}()
		sum := 0
		for m := range full {
			sum += int(m[0])
		}
	})
}
