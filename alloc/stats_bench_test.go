// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// BenchmarkStats takes snapshots of an allocator with the given number of spans in each
// class. 1,000 spans take 8 GiB of address space and 100 MiB of metadata, and some seconds
// to create.
func BenchmarkStats(b *testing.B) {
	for _, spans := range []int{10, 1000} {
		b.Run(fmt.Sprintf("spans=%d", spans), func(b *testing.B) {
			a := withSpans(b, spans)
			b.ReportAllocs()
			for b.Loop() {
				a.Stats()
			}
		})
	}
}

// BenchmarkHeapMap draws the map of the same heaps. The map has the 16 chunks that the live
// page shows.
func BenchmarkHeapMap(b *testing.B) {
	a := withSpans(b, 100)
	b.ReportAllocs()
	for b.Loop() {
		a.Inspect().HeapMap(16)
	}
}

// withSpans returns an allocator with the given number of spans in each class. Their blocks
// were not written to.
func withSpans(b *testing.B, spans int) *Allocator {
	a, err := NewAllocator(still)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { a.Close() })
	l := a.NewLocal()
	b.Cleanup(l.Close)
	for c := range sizeclass.Class(sizeclass.Count) {
		for range spans * c.Blocks() {
			if _, err := l.Malloc(c.Size()); err != nil {
				b.Fatal(err)
			}
		}
	}
	return a
}

// BenchmarkObserved measures a pair of Malloc and Free while the given number of snapshots
// a second is taken, of an allocator with 10 spans in each class.
func BenchmarkObserved(b *testing.B) {
	for _, rate := range []int{0, 1000} {
		b.Run(fmt.Sprintf("snapshots=%d", rate), func(b *testing.B) {
			a := withSpans(b, 10)
			stop, done := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(done)
				if rate == 0 {
					return
				}
				ticker := time.NewTicker(time.Second / time.Duration(rate))
				defer ticker.Stop()
				for {
					select {
					case <-stop:
						return
					case <-ticker.C:
						a.Stats()
					}
				}
			}()
			for b.Loop() {
				p, err := a.Malloc(64)
				if err != nil {
					b.Fatal(err)
				}
				a.Free(p)
			}
			close(stop)
			<-done
		})
	}
}
