// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"testing"
)

// FuzzStructures plays inputs on the structures of package offheap.
func FuzzStructures(f *testing.F) {
	procs := runtime.GOMAXPROCS(1)
	f.Cleanup(func() { runtime.GOMAXPROCS(procs) })
	for _, seed := range seeds(48) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := runStructures(data); err != nil {
			t.Fatal(err)
		}
	})
}
