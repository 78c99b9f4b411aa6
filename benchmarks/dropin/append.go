// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/ashlar-go/ashlar/alloc/adapters/arrowmem"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// allocators are the names of the allocators that are compared.
var allocators = [2]string{"ashlar", "goheap"}

// A report is what one run took.
type report struct {
	Seconds float64 `json:"seconds"`
	PeakRSS int64   `json:"peak_rss"` // bytes; 0 where the system does not say
}

// build builds and releases an array of n integers.
func build(allocator string, n int) (*report, error) {
	var mem memory.Allocator
	switch allocator {
	case allocators[0]:
		mem = arrowmem.New(nil)
	case allocators[1]:
		mem = memory.NewGoAllocator()
	default:
		return nil, fmt.Errorf("no allocator %q", allocator)
	}
	begin := time.Now()
	b := array.NewInt64Builder(mem)
	for i := range n {
		b.Append(int64(i))
	}
	a := b.NewInt64Array()
	if a.Len() != n || a.Value(n-1) != int64(n-1) {
		return nil, fmt.Errorf("%d values, the last %d", a.Len(), a.Value(n-1))
	}
	a.Release()
	b.Release()
	seconds := time.Since(begin).Seconds()
	peak, err := rss.Peak()
	if errors.Is(err, rss.ErrUnsupported) {
		err = nil
	}
	return &report{seconds, peak}, err
}
