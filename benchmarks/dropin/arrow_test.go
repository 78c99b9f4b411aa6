// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/adapters/arrowmem"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
	"github.com/ashlar-go/ashlar/benchmarks/trace"
)

var _ memory.Allocator = (*arrowmem.Allocator)(nil)

// onEach runs f on allocators on ashlar, in each of its modes. At the end everything must
// have been freed, by Arrow's own check and by ashlar's numbers.
func onEach(t *testing.T, f func(t *testing.T, mem memory.Allocator)) {
	t.Helper()
	alloctest.EachMode(t, func(t *testing.T, heap *alloc.Allocator) {
		mem := memory.NewCheckedAllocator(arrowmem.New(heap))
		f(t, mem)
		mem.AssertSize(t, 0)
	})
}

var batchSizes = []int{0, 1, 63, 64, 1000, 100_000}

// TestArrowArrays: arrays that are built on ashlar equal those on Arrow's own allocator.
func TestArrowArrays(t *testing.T) { onEach(t, testArrowArrays) }

func testArrowArrays(t *testing.T, mem memory.Allocator) {
	for _, n := range batchSizes {
		ours, theirs := newRecord(mem, n), newRecord(memory.NewGoAllocator(), n)
		if !array.RecordEqual(ours, theirs) {
			t.Errorf("batches of %d rows differ", n)
		}
		ours.Release()
		theirs.Release()
	}
}

// TestArrowCompute: kernels that read and make arrays on ashlar give the same results.
func TestArrowCompute(t *testing.T) { onEach(t, testArrowCompute) }

func testArrowCompute(t *testing.T, mem memory.Allocator) {
	ours, theirs := newRecord(mem, 50_000), newRecord(memory.NewGoAllocator(), 50_000)
	defer ours.Release()
	defer theirs.Release()
	for _, kernel := range []struct {
		name string
		call func(context.Context, arrow.RecordBatch) (compute.Datum, error)
	}{
		{"add", func(ctx context.Context, r arrow.RecordBatch) (compute.Datum, error) {
			return compute.CallFunction(ctx, "add", nil, datum(r, 1), datum(r, 1))
		}},
		{"filter", func(ctx context.Context, r arrow.RecordBatch) (compute.Datum, error) {
			return compute.CallFunction(ctx, "filter", compute.DefaultFilterOptions(), datum(r, 2), datum(r, 0))
		}},
		{"cast", func(ctx context.Context, r arrow.RecordBatch) (compute.Datum, error) {
			return compute.CallFunction(ctx, "cast", compute.SafeCastOptions(arrow.PrimitiveTypes.Float64), datum(r, 1))
		}},
		{"unique", func(ctx context.Context, r arrow.RecordBatch) (compute.Datum, error) {
			return compute.CallFunction(ctx, "unique", nil, datum(r, 1))
		}},
	} {
		t.Run(kernel.name, func(t *testing.T) {
			got, err := kernel.call(compute.WithAllocator(t.Context(), mem), ours)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Release()
			want, err := kernel.call(t.Context(), theirs)
			if err != nil {
				t.Fatal(err)
			}
			defer want.Release()
			if !got.Equals(want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

// TestArrowIPC: batches that were written and read are unchanged, with and without
// compression.
func TestArrowIPC(t *testing.T) { onEach(t, testArrowIPC) }

func testArrowIPC(t *testing.T, mem memory.Allocator) {
	for name, options := range map[string][]ipc.Option{"plain": nil, "lz4": {ipc.WithLZ4()}, "zstd": {ipc.WithZstd()}} {
		t.Run(name, func(t *testing.T) {
			var wire bytes.Buffer
			options := append(options, ipc.WithAllocator(mem), ipc.WithSchema(schema))
			w := ipc.NewWriter(&wire, options...)
			for _, n := range batchSizes {
				r := newRecord(mem, n)
				if err := w.Write(r); err != nil {
					t.Fatal(err)
				}
				r.Release()
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			readBack(t, mem, &wire)
		})
	}
}

func readBack(t *testing.T, mem memory.Allocator, wire *bytes.Buffer) {
	t.Helper()
	r, err := ipc.NewReader(wire, ipc.WithAllocator(mem))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	for _, n := range batchSizes {
		if !r.Next() {
			t.Fatalf("no batch of %d rows: %v", n, r.Err())
		}
		want := newRecord(memory.NewGoAllocator(), n)
		if !array.RecordEqual(r.RecordBatch(), want) {
			t.Errorf("batches of %d rows differ", n)
		}
		want.Release()
	}
}

// TestComputeColumns: the computation whose trace is recorded frees everything, and writes
// the same bytes on ashlar as on Arrow's own allocator.
func TestComputeColumns(t *testing.T) {
	var theirs bytes.Buffer
	if err := computeColumns(memory.NewGoAllocator(), &theirs); err != nil {
		t.Fatal(err)
	}
	onEach(t, func(t *testing.T, mem memory.Allocator) {
		var ours bytes.Buffer
		if err := computeColumns(mem, &ours); err != nil {
			t.Fatal(err)
		}
		if ours.Len() == 0 || !bytes.Equal(ours.Bytes(), theirs.Bytes()) {
			t.Errorf("%d bytes on ashlar, %d or different ones on the Go heap", ours.Len(), theirs.Len())
		}
	})
}

// TestRecord: the trace of the computation is complete, and its numbers agree with the
// allocator's.
func TestRecord(t *testing.T) {
	name := filepath.Join(t.TempDir(), "test.trace")
	if err := record(name); err != nil {
		t.Fatal(err)
	}
	p, _, err := trace.LoadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if c := &p.Counts; p.Objects < 500 || c.Unknown > 0 || c.Dropped > 0 || c.AtEnd > 0 {
		t.Errorf("%d objects, %+v", p.Objects, *c)
	}
}
