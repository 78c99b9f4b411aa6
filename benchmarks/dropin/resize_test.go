// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/adapters/arrowmem"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

// builders make arrays of several layouts; add appends the i-th value.
var builders = []struct {
	name string
	make func(memory.Allocator) array.Builder
	add  func(b array.Builder, i int)
}{
	{"int64", func(m memory.Allocator) array.Builder { return array.NewInt64Builder(m) },
		func(b array.Builder, i int) { b.(*array.Int64Builder).Append(int64(i)) }},
	{"bool", func(m memory.Allocator) array.Builder { return array.NewBooleanBuilder(m) },
		func(b array.Builder, i int) { b.(*array.BooleanBuilder).Append(i%3 == 0) }},
	{"string", func(m memory.Allocator) array.Builder { return array.NewStringBuilder(m) },
		func(b array.Builder, i int) { b.(*array.StringBuilder).Append(fmt.Sprint(i)) }},
	{"list", func(m memory.Allocator) array.Builder { return array.NewListBuilder(m, arrow.PrimitiveTypes.Int8) },
		func(b array.Builder, _ int) { b.(*array.ListBuilder).Append(true) }},
	{"bytes of 5", func(m memory.Allocator) array.Builder {
		return array.NewFixedSizeBinaryBuilder(m, &arrow.FixedSizeBinaryType{ByteWidth: 5})
	}, func(b array.Builder, i int) { b.(*array.FixedSizeBinaryBuilder).Append(fmt.Appendf(nil, "%05d", i)) }},
	{"struct", func(m memory.Allocator) array.Builder {
		return array.NewStructBuilder(m, arrow.StructOf(arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Int8}))
	}, func(b array.Builder, _ int) { b.(*array.StructBuilder).AppendNull() }},
}

// TestArrowBuilderResize: a builder that is resized to fewer elements than it has still
// uses the elements beyond. It makes the same array as on Arrow's own allocator.
func TestArrowBuilderResize(t *testing.T) {
	alloctest.EachMode(t, func(t *testing.T, heap *alloc.Allocator) {
		for _, kind := range builders {
			for _, n := range [][2]int{{100, 0}, {20000, 0}, {20000, 100}, {600, 10}, {2000, 1000}, {20000, 19999}} {
				made := func(mem memory.Allocator) arrow.Array {
					b := kind.make(mem)
					defer b.Release()
					for i := range n[0] {
						kind.add(b, i)
					}
					b.Resize(n[1])
					return b.NewArray()
				}
				ours, theirs := made(arrowmem.New(heap)), made(memory.NewGoAllocator())
				// Arrow's own Equal does not accept all of these arrays, so the test compares their buffers.
				if ours.Len() != theirs.Len() || !slices.EqualFunc(ours.Data().Buffers(), theirs.Data().Buffers(), sameBytes) {
					t.Errorf("%s: %d elements, resized to %d: an array of %d, on Arrow's allocator one of %d, or other values",
						kind.name, n[0], n[1], ours.Len(), theirs.Len())
				}
				ours.Release()
				theirs.Release()
			}
		}
	})
}

func sameBytes(a, b *memory.Buffer) bool {
	if a == nil || b == nil {
		return a == b
	}
	return bytes.Equal(a.Bytes(), b.Bytes())
}
