// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// cutSlice makes a slice, cuts its length and capacity, and appends the rest of the slice to
// the part. The result must be a new slice with the same contents, and the old one unchanged.
func (w *worker) cutSlice() error {
	n := min(w.s.load.size(w.r), sizeclass.LargeMin+1<<16)
	k := w.r.IntN(n)
	w.trace.begin("cutslice", 0)
	w.trace.note(n, k)
	all, err := alloc.MakeSlice[byte](w.m.a, n, n)
	if err != nil {
		return w.mayFail(err)
	}
	w.countSlice(n)
	fill(all, w.lastID, 0)
	want := bytes.Clone(all)
	joined, err := alloc.Append(w.m.a, all[:k:k], all[k:]...)
	switch {
	case err != nil:
		err = w.mayFail(err)
	case !bytes.Equal(joined, want) || !bytes.Equal(all, want):
		err = fmt.Errorf("%d bytes, cut at %d and joined again: the result is right: %v, the original is unchanged: %v",
			n, k, bytes.Equal(joined, want), bytes.Equal(all, want))
	default:
		w.countSlice(max(n, k+k/2))
		alloc.FreeSlice(w.m.a, joined)
		w.freed++
	}
	alloc.FreeSlice(w.m.a, all)
	w.freed++
	return err
}

// countSlice counts a slice of n bytes that the worker allocated.
func (w *worker) countSlice(n int) {
	w.allocated++
	w.touched += int64(2 * n)
	if b := (request{size: alloc.GoodSize(n), checked: w.m.checked}).place(); b.small {
		w.allocs[b.class]++
	}
}
