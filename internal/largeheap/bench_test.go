// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"fmt"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/largeobj"
)

const window = 64

// touch writes a byte of each page of an object.
func touch(p, size uintptr) {
	b := raw.Bytes(p, size)
	for i := uintptr(0); i < size; i += 4 * kib {
		b[i]++
	}
}

// pairs frees the oldest of 64 live objects and allocates a new one, until next returns
// false.
func pairs(b *testing.B, h *Heap, size uintptr, touched bool, next func() bool) {
	var live [window]uintptr
	for i := 0; next(); i = (i + 1) % window {
		if live[i] != 0 {
			if err := h.Free(live[i]); err != nil {
				b.Fatal(err)
			}
		}
		p, _, err := h.Alloc(size, 64, false)
		if err != nil {
			b.Fatal(err)
		}
		if touched {
			touch(p, size)
		}
		live[i] = p
	}
	for _, p := range live {
		if p != 0 {
			_ = h.Free(p)
		}
	}
}

// BenchmarkPair measures a Free and an Alloc in the steady state.
func BenchmarkPair(b *testing.B) {
	for _, size := range []uintptr{128 * kib, mib} {
		for _, touched := range []bool{false, true} {
			b.Run(fmt.Sprintf("size=%dKiB/touch=%v", size/kib, touched), func(b *testing.B) {
				f := newFixture(b, largeobj.Options{})
				pairs(b, f.Heap, size, touched, b.Loop)
			})
		}
	}
}

// BenchmarkPairParallel is BenchmarkPair on all processors at once, each with a
// window of its own.
func BenchmarkPairParallel(b *testing.B) {
	for _, touched := range []bool{false, true} {
		b.Run(fmt.Sprintf("size=128KiB/touch=%v", touched), func(b *testing.B) {
			f := newFixture(b, largeobj.Options{})
			b.RunParallel(func(pb *testing.PB) { pairs(b, f.Heap, 128*kib, touched, pb.Next) })
		})
	}
}

// BenchmarkPairUnmapped shows what retaining saves.
func BenchmarkPairUnmapped(b *testing.B) {
	f := newFixture(b, largeobj.Options{Policy: largeobj.Unmap})
	pairs(b, f.Heap, 128*kib, true, b.Loop)
}

// BenchmarkTouch measures the part of BenchmarkPair that does not call the heap.
func BenchmarkTouch(b *testing.B) {
	f := newFixture(b, largeobj.Options{})
	var live [window]uintptr
	for i := range live {
		live[i] = f.alloc(128 * kib)
	}
	for i := 0; b.Loop(); i++ {
		touch(live[i%window], 128*kib)
	}
}

// BenchmarkGrow doubles one object from 1 MiB to 256 MiB, every page written
// once.
func BenchmarkGrow(b *testing.B) {
	for _, touched := range []bool{false, true} {
		b.Run(fmt.Sprintf("touch=%v", touched), func(b *testing.B) {
			f := newFixture(b, largeobj.Options{RetainBytes: -1})
			for b.Loop() {
				p, written := f.alloc(mib), uintptr(0)
				for size := uintptr(mib); ; size *= 2 {
					if touched {
						touch(p+written, size-written)
						written = size
					}
					if size == 256*mib {
						break
					}
					p = f.resize(p, 2*size)
				}
				f.free(p)
			}
		})
	}
}

// BenchmarkMap maps a fresh extent and unmaps it, untouched.
func BenchmarkMap(b *testing.B) {
	f := newFixture(b, largeobj.Options{Policy: largeobj.Unmap})
	for b.Loop() {
		f.free(f.alloc(128 * kib))
	}
}
