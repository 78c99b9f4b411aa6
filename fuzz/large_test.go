// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"testing"
)

// FuzzLargePolicies runs inputs on a heap of large objects under each policy.
func FuzzLargePolicies(f *testing.F) {
	procs := runtime.GOMAXPROCS(1)
	f.Cleanup(func() { runtime.GOMAXPROCS(procs) })
	for _, seed := range seeds(32) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := runLargeModel(data); err != nil {
			t.Fatal(err)
		}
	})
}
