// SPDX-License-Identifier: Apache-2.0

package abuse

import (
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
)

// inChecked contains the reports in checked mode that differ from the default mode.
var inChecked = func() map[string]Report {
	const (
		small, large = smallSize, largeSize
		allocated    = "allocated by"
		freed        = "freed by"
	)
	again := panics(alloc.DoubleFree, "", large, "free", "free already", allocated, freed)
	verified := Report{Kind: Found, Misuse: alloc.UseAfterFree, Op: "Verify", Size: small, State: "free", When: "by Verify, before its reuse, or by Close",
		Words: []string{"100 bytes of the block", "offset 0: 01 02", allocated, freed}}
	verifiedLarge := verified
	verifiedLarge.Size = large
	differs := map[string]Report{
		"free twice, from two goroutines at once":        panics(alloc.DoubleFree, "Free", small, "free", "free already", allocated, freed),
		"free twice, large":                              again,
		"free twice, large, others between":              again,
		"free twice, large, unmapped between":            {Kind: Panics, Misuse: alloc.DoubleFree, State: "returned to the kernel", Other: true, Words: []string{"freed long ago"}},
		"free twice, large, from two goroutines at once": panics(alloc.DoubleFree, "Free", large, "free", "free already", allocated, freed),
		"free a block that was never allocated":          {Kind: Panics, Misuse: alloc.InvalidPointer, State: "live", Other: true, Words: []string{"0 bytes beyond the end"}},
		"free inside a large object":                     panics(alloc.InvalidPointer, "", large, "live", "16 bytes inside a block", allocated),
		"free on another page of a large object":         panics(alloc.InvalidPointer, "", large, "live", "4096 bytes inside a block", allocated),
		"free the header of a large object":              panics(alloc.InvalidPointer, "", large, "live", "64 bytes before the start", allocated),
		"reallocate after free, large":                   panics(alloc.UseAfterFree, "Realloc", large, "free", "free already", allocated, freed),
		"overwrite the header of a large object": later("at its Free or Realloc", alloc.Underflow, "Realloc", large, "live",
			"16 bytes before", allocated),
		"write after free":        verified,
		"write after free, large": verifiedLarge,
		"write after free, and reuse": later("before its reuse", alloc.UseAfterFree, "Free", small, "free",
			"100 bytes of the block", allocated, freed),
		"read or write a block of size zero": later("at its Free", alloc.Overflow, "Free", 0, "live", "1 byte beyond", allocated),
		"lose a block":                       {Kind: Listed, When: "by Close", Words: []string{"2 blocks", "abuse.(*Fixture).small", "abuse.(*Fixture).large"}},
		"free as another type":               panics(alloc.TypeMismatch, "Free", 96, "live", "freed as a value of 2 bytes", allocated),
	}
	for _, n := range []int{1, 8, 32, 1 << 20} {
		for _, copied := range []bool{false, true} {
			over := later("at its Free", alloc.Overflow, "Free", small, "live", allocated)
			under := later("at its Free", alloc.Underflow, "Free", small, "live", allocated)
			differs["overflow by "+bytesBy(n, copied)] = over
			differs["underflow by "+bytesBy(n, copied)] = under
			if n <= 32 {
				over.Size, under.Size = large, large
				under.Words = append(under.Words, fmt.Sprintf("offset -%d: 01", n))
				differs["overflow of a large object by "+bytesBy(n, copied)] = over
				differs["underflow of a large object by "+bytesBy(n, copied)] = under
			}
		}
	}
	return differs
}()
