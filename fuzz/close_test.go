// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

// FuzzClose runs inputs on an Allocator while others are closed in use.
func FuzzClose(f *testing.F) {
	for _, seed := range seeds(10) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := runBesideClose(data); err != nil {
			t.Fatal(err)
		}
	})
}
