// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"unsafe"
)

func init() { register(120, columns()) }

const (
	columnCount    = 16
	columnRows     = 64 << 10 // of a batch
	columnBatches  = 4        // of a goroutine
	columnSmallest = 64       // bytes of a column at first
	columnValue    = 8        // bytes
	columnText     = 24       // bytes of a text at most
)

// columns is what a builder of columnar data does, such as Arrow's: it appends values to each of 16
// columns, row by row. Half of the columns hold numbers of 8 bytes, and half texts of up to 24 bytes. A
// full column doubles by a realloc. After 65,536 rows the batch is read and freed.
func columns() *Workload {
	return &Workload{
		Name:       "columns",
		Goroutines: []int{1, 2},
		Largest:    columnRows * columnText * 2,
		MaxLive:    columnCount * 2,
		Operation:  "value",
		parameters: func(_ int, scale float64) string {
			return fmt.Sprintf("%d batches a goroutine of %d rows and %d columns, values of 1–%d B, doubling from %d B",
				columnBatches, scaled(columnRows, min(scale, 1)), columnCount, columnText, columnSmallest)
		},
		prepare: func(t *Team) func() {
			return func() {
				t.each(func(w *worker) {
					for range columnBatches {
						w.buildColumns(scaled(columnRows, min(t.scale, 1)))
					}
				})
			}
		},
	}
}

// A column grows at its end. The sum of its bytes is known, and is checked when the column is read.
type column struct {
	block unsafe.Pointer
	used  int
	space int
	sum   int
}

func (w *worker) buildColumns(rows int) {
	var columns [columnCount]column
	for range rows {
		for i := range columns {
			size := columnValue
			if i%2 == 1 {
				size = 1 + w.random.below(columnText)
			}
			columns[i].append(w, size)
		}
	}
	for i := range columns {
		columns[i].finish(w)
	}
	w.ops += rows * columnCount
}

// append adds a value of equal bytes.
func (c *column) append(w *worker, size int) {
	for c.used+size > c.space {
		c.grow(w)
	}
	value := byte(w.random.next())
	bytes := unsafe.Slice((*byte)(unsafe.Add(c.block, c.used)), size)
	for i := range bytes {
		bytes[i] = value
	}
	c.sum += size * int(value)
	c.used += size
}

func (c *column) grow(w *worker) {
	if c.block == nil {
		c.space = columnSmallest
		c.block = w.handle.Malloc(c.space)
		w.account(c.space)
		return
	}
	c.block = Resized(w.handle, c.block, c.space, 2*c.space)
	w.account(c.space)
	c.space *= 2
}

// finish reads the column and frees it.
func (c *column) finish(w *worker) {
	sum := 0
	for _, value := range unsafe.Slice((*byte)(c.block), c.used) {
		sum += int(value)
	}
	if sum != c.sum {
		w.team.corrupted(&Corruption{uintptr(c.block), c.space, byte(c.sum), byte(sum)})
	}
	w.handle.Release(c.block, c.space)
	w.account(-c.space)
	*c = column{}
}
