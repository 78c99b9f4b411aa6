// SPDX-License-Identifier: Apache-2.0

// Package alloctest helps tests of programs that use package alloc.
package alloctest

import (
	"bytes"
	"math"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// NoLeaks fails the test, when it ends, if blocks of a are live that were allocated
// from now on, with the stacks that allocated them. Until then every block is
// sampled, which makes allocating slow. Tests that run at the same time and use the
// same Allocator are not told apart. Blocks of Locals that are in use when NoLeaks is
// called may escape it; make them afterwards.
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
		_ = left.Write(&b) // a Buffer takes all
		t.Errorf("alloctest: %d bytes were left behind\n%s", left.Bytes, b.String())
	})
}
