// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"slices"

	"github.com/ashlar-go/ashlar/internal/goroutine"
	"github.com/ashlar-go/ashlar/internal/heapprof"
)

// An origin is a Call in the form in which it is kept with a block, off the Go heap.
type origin struct {
	stack     heapprof.Stack // 0: not known
	goroutine uint64         // 0: not known
}

// origin returns the call that is under way. To know the goroutine takes a microsecond or
// two: that is for guarded blocks, which are few.
func (a *Allocator) origin() origin { return origin{a.stack(), goroutine.Number()} }

// call returns o as a Call.
func (o origin) call() Call {
	c := Call{Goroutine: o.goroutine}
	if o.stack != 0 {
		c.Stack = slices.Clone(o.stack.PCs())
	}
	return c
}
