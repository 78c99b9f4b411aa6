// SPDX-License-Identifier: Apache-2.0

package abuse

import "github.com/ashlar-go/ashlar/alloc"

// inGuarded contains the reports with guarded blocks that differ from the default mode.
// The blocks lie at the ends of their slots.
var inGuarded = func() map[string]Report {
	const (
		small     = smallSize
		allocated = "allocated by"
		freed     = "freed by"
		caught    = "by Catch"
	)
	after := later(caught, alloc.UseAfterFree, "access", small, "free", allocated, freed)
	after.Fault = true
	outside := Report{Kind: Panics, Misuse: alloc.InvalidPointer, State: "live", Other: true, Words: []string{"outside it", allocated}}
	differs := map[string]Report{
		"free twice, pages purged between":      {Kind: Panics, Misuse: alloc.DoubleFree, State: "free", Other: true, Words: []string{"free already", allocated, freed}},
		"free a block that was never allocated": outside,
		"free after the last block of a span":   outside,
		"write after free":                      after,
		"write after free, and reuse":           after,
		"read after free":                       after,
	}
	for _, n := range []int{1, 8, 32, 1 << 20} {
		for _, copied := range []bool{false, true} {
			over := later("at its Free", alloc.Overflow, "Free", small, "live", allocated)
			if n > 8 { // beyond the bytes that rounding adds
				over = later(caught, alloc.Overflow, "access", small, "live", allocated)
				over.Fault = true
			}
			differs["overflow by "+bytesBy(n, copied)] = over
			under := later("at its Free", alloc.Underflow, "Free", small, "live", allocated)
			if n == 1<<20 { // before the whole guard pool
				under = Report{Kind: Undefined}
			}
			differs["underflow by "+bytesBy(n, copied)] = under
		}
	}
	return differs
}()
