// SPDX-License-Identifier: Apache-2.0

package sizeclass

import (
	"testing"
	"unsafe"
)

func TestEverySizeHasItsTightestClass(t *testing.T) {
	below := 0 // block size of the class below c
	c := Class(0)
	for size := 1; size < LargeMin; size++ {
		if size > c.Size() {
			below = c.Size()
			c++
		}
		if got := Of(size); got != c {
			t.Fatalf("Of(%d) = %d, want %d", size, got, c)
		}
		if size <= below || size > c.Size() {
			t.Fatalf("Of(%d) has blocks of %d bytes, and the class below %d", size, c.Size(), below)
		}
	}
	if c != Count-1 {
		t.Errorf("sizes reach class %d, want %d", c, Count-1)
	}
}

func TestClassBoundaries(t *testing.T) {
	tests := []struct {
		size, block int
	}{
		{1, 16}, {16, 16}, {17, 32},
		{127, 128}, {128, 128}, {129, 144},
		{256, 256}, {257, 288},
		{1024, 1024}, {1025, 1152},
		{4097, 4608},
		{32 << 10, 32 << 10}, {32<<10 + 64, 36 << 10},
		{120<<10 + 1, 128 << 10}, {LargeMin - 1, 128 << 10},
	}
	for _, test := range tests {
		if got := Of(test.size).Size(); got != test.block {
			t.Errorf("a request of %d bytes gets %d, want %d", test.size, got, test.block)
		}
	}
	for c := range Class(Count - 1) {
		if got := Of(c.Size()); got != c {
			t.Errorf("Of(%d) = %d, want %d, whose block size that is", c.Size(), got, c)
		}
		if got := Of(c.Size() + 1); got != c+1 {
			t.Errorf("Of(%d) = %d, want %d", c.Size()+1, got, c+1)
		}
	}
}

func TestSpans(t *testing.T) {
	for c := range Class(Count) {
		size, span, blocks := c.Size(), c.SpanBytes(), c.Blocks()
		if size%Granule != 0 {
			t.Errorf("class %d: block of %d bytes is not a multiple of %d", c, size, Granule)
		}
		if span%PageSize != 0 || span < 64<<10 || span > 256<<10 {
			t.Errorf("class %d: span of %d bytes", c, span)
		}
		if blocks != span/size || blocks < 1 || blocks > 4096 {
			t.Errorf("class %d: %d blocks of %d bytes in a span of %d", c, blocks, size, span)
		}
		want := Info{Size: uint32(size), Span: uint32(span), Blocks: uint32(blocks), Magic: c.Magic()}
		if got := c.Info(); got != want {
			t.Errorf("class %d: Info() = %+v, want %+v", c, got, want)
		}
	}
}

func TestIndexIsTheQuotient(t *testing.T) {
	for c := range Class(Count) {
		magic, size := c.Magic(), uint32(c.Size())
		index, end := uint32(0), size // of the block that contains off
		for off := range uint32(c.SpanBytes()) {
			if off == end {
				index, end = index+1, end+size
			}
			if got := Index(off, magic); got != index {
				t.Fatalf("class %d: offset %d is in block %d, want %d", c, off, got, index)
			}
		}
	}
}

func TestGoodSize(t *testing.T) {
	tests := []struct {
		name    string
		n, want int
	}{
		{"negative", -1, Granule},
		{"zero", 0, Granule},
		{"one byte", 1, 16},
		{"exact", 4096, 4096},
		{"one over", 4097, 4608},
		{"largest block", LargeMin - 1, LargeMin},
		{"first large", LargeMin, LargeMin},
		{"large", LargeMin + 1, LargeMin + 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := GoodSize(test.n); got != test.want {
				t.Errorf("GoodSize(%d) = %d, want %d", test.n, got, test.want)
			}
		})
	}
	for n := range LargeMin {
		if good := GoodSize(n); good < n || GoodSize(good) != good {
			t.Fatalf("GoodSize(%d) = %d, and GoodSize of that is %d", n, good, GoodSize(good))
		}
	}
}

func TestSizeof(t *testing.T) {
	// Four rows to a cache line, and none in two lines.
	if got := unsafe.Sizeof(Info{}); got != 16 {
		t.Errorf("Info has %d bytes, want 16", got)
	}
}

func BenchmarkOf(b *testing.B) {
	size, sum := 1, 0
	for b.Loop() {
		sum += int(Of(size))
		size = (size+97)&(LargeMin/2-1) | 1
	}
	sink = sum
}

func BenchmarkClassCodeOf(b *testing.B) {
	size, sum := 1, 0
	for b.Loop() {
		sum += int(ClassCodeOf(size))
		size = (size+97)&(LargeMin/2-1) | 1
	}
	sink = sum
}

var sink int // keeps the results of benchmarks alive
