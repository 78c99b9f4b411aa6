// SPDX-License-Identifier: Apache-2.0

// Package alloctest helps to test programs that use package alloc.
//
//	func TestCache(t *testing.T) {
//		alloctest.EachMode(t, func(t *testing.T, a *alloc.Allocator) {
//			alloctest.NoLeaks(t, a)
//			... use a ...
//		})
//	}
//
// The functions return nothing: a failure fails the test.
package alloctest

import (
	"bytes"
	"math"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// NoLeaks fails the test at its end if blocks that were allocated from a after this call are
// still live. The failure lists the stacks that allocated them. Until the test ends, every
// block is sampled, which makes allocating slow. NoLeaks also reports the live blocks of
// other tests that use a at the same time. It can miss blocks of a Local that is in use at
// the call; make Locals afterwards.
func NoLeaks(t testing.TB, a *alloc.Allocator) {
	t.Helper()
	rate := a.Profile().Rate()
	a.Profile().SetRate(1)
	since := a.Profile().Sampled()
	t.Cleanup(func() {
		left := a.Profile().Stacks(math.MaxInt, since)
		a.Profile().SetRate(rate)
		if left.Bytes == 0 {
			return
		}
		var b bytes.Buffer
		_ = left.Write(&b) // writing to a bytes.Buffer does not fail
		t.Errorf("alloctest: %d bytes were not freed\n%s", left.Bytes, b.String())
	})
}
