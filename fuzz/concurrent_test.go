// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

// FuzzConcurrent runs inputs with several goroutines at once.
func FuzzConcurrent(f *testing.F) {
	for _, seed := range seeds(16) {
		f.Add(seed)
	}
	for _, shape := range []byte{5, 64 + 12} {
		f.Add(storm(shape, 32<<10, 48<<10))
		f.Add(storm(shape, 100, 2000, 20<<10))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := runConcurrent(data); err != nil {
			t.Fatal(err)
		}
	})
}
