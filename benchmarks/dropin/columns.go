// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/adapters/arrowmem"
)

// schema has a column of each kind of buffer: bits, numbers, offsets and bytes, lists.
var schema = arrow.NewSchema([]arrow.Field{
	{Name: "flag", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "number", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "list", Type: arrow.ListOf(arrow.PrimitiveTypes.Float64), Nullable: true},
}, nil)

// newRecord builds a batch of n rows.
func newRecord(mem memory.Allocator, n int) arrow.RecordBatch {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	b := array.NewRecordBuilder(mem, schema)
	defer b.Release()
	list := b.Field(3).(*array.ListBuilder)
	for i := range n {
		if random.IntN(10) == 0 {
			for _, field := range b.Fields() {
				field.AppendNull()
			}
			continue
		}
		b.Field(0).(*array.BooleanBuilder).Append(i%3 == 0)
		b.Field(1).(*array.Int64Builder).Append(random.Int64N(1000))
		b.Field(2).(*array.StringBuilder).Append(fmt.Sprint("row ", i))
		list.Append(true)
		for range random.IntN(5) {
			list.ValueBuilder().(*array.Float64Builder).Append(random.Float64())
		}
	}
	return b.NewRecordBatch()
}

// datum returns a view of a column. The batch keeps the column alive.
func datum(r arrow.RecordBatch, column int) compute.Datum {
	return &compute.ArrayDatum{Value: r.Column(column).Data()}
}

// The parameters of the computation that is recorded.
const (
	computed  = 200    // batches
	maxRows   = 20_000 // of a batch
	inTransit = 4      // batches between two goroutines
)

// computeColumns computes with columns in mem, in three goroutines that pass batches on:
// one builds them, one adds, filters and casts, and one writes them to w.
func computeColumns(mem memory.Allocator, w io.Writer) error {
	built, done := make(chan arrow.RecordBatch, inTransit), make(chan arrow.RecordBatch, inTransit)
	var working sync.WaitGroup
	var failed error
	working.Go(func() {
		defer close(built)
		random := rand.New(rand.NewPCG(3, 4))
		for range computed {
			built <- newRecord(mem, random.IntN(maxRows))
		}
	})
	working.Go(func() {
		defer close(done)
		ctx := compute.WithAllocator(context.Background(), mem)
		for r := range built {
			result, err := computeRecord(ctx, r)
			r.Release()
			if err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			done <- result
		}
	})
	out := ipc.NewWriter(w, ipc.WithAllocator(mem), ipc.WithSchema(results), ipc.WithZstd())
	var err error
	for r := range done {
		err = errors.Join(err, out.Write(r))
		r.Release()
	}
	working.Wait()
	return errors.Join(failed, err, out.Close())
}

// results is the schema of what computeRecord makes.
var results = arrow.NewSchema([]arrow.Field{
	{Name: "sum", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
}, nil)

// computeRecord doubles the numbers of a batch, as floats, and keeps the rows with the flag.
func computeRecord(ctx context.Context, r arrow.RecordBatch) (arrow.RecordBatch, error) {
	sum, err := compute.CallFunction(ctx, "add", nil, datum(r, 1), datum(r, 1))
	if err != nil {
		return nil, err
	}
	defer sum.Release()
	float, err := compute.CallFunction(ctx, "cast", compute.SafeCastOptions(arrow.PrimitiveTypes.Float64), sum)
	if err != nil {
		return nil, err
	}
	defer float.Release()
	var columns [2]arrow.Array
	for i, column := range []compute.Datum{float, datum(r, 2)} {
		kept, err := compute.CallFunction(ctx, "filter", compute.DefaultFilterOptions(), column, datum(r, 0))
		if err != nil {
			return nil, err
		}
		defer kept.Release()
		columns[i] = kept.(*compute.ArrayDatum).MakeArray()
		defer columns[i].Release()
	}
	return array.NewRecordBatch(results, columns[:], int64(columns[0].Len())), nil
}

// record records what the computation requests from its allocator.
func record(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	heap := new(alloc.Allocator)
	if err := heap.Trace().Start(w, alloc.TraceOptions{}); err != nil {
		return errors.Join(err, f.Close())
	}
	err = computeColumns(arrowmem.New(heap), io.Discard)
	return errors.Join(err, heap.Close(), w.Flush(), f.Close())
}
