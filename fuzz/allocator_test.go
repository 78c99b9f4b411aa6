// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"testing"
)

// FuzzAllocator runs inputs of all operations.
func FuzzAllocator(f *testing.F) {
	f.Add(spill())
	for _, options := range []byte{0, 1, 2, 0x30} {
		f.Add(exhaust(options))
	}
	f.Add(fillUp())
	f.Add(giveAndTake())
	fuzzAlone(f, allOps, false, 32)
}

// FuzzHardening runs inputs of all operations on Allocators with alloc.Hardening.
func FuzzHardening(f *testing.F) { fuzzAlone(f, allOps, true, 16) }

// FuzzRealloc runs inputs in which few blocks are resized often.
func FuzzRealloc(f *testing.F) { fuzzAlone(f, reallocOps, false, 16) }

// FuzzAlignment runs inputs that request alignments up to 1 GiB and more.
func FuzzAlignment(f *testing.F) { fuzzAlone(f, alignOps, false, 16) }

// fuzzAlone fuzzes with one runner and one processor, so that an input always has the
// same effects.
func fuzzAlone(f *testing.F, ops []operation, hardened bool, n int) {
	procs := runtime.GOMAXPROCS(1)
	f.Cleanup(func() { runtime.GOMAXPROCS(procs) })
	for _, seed := range seeds(n) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := runAlone(data, ops, hardened); err != nil {
			t.Fatal(err)
		}
	})
}
