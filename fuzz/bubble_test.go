// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

// FuzzBubbles runs inputs inside and outside bubbles of testing/synctest.
func FuzzBubbles(f *testing.F) {
	for _, seed := range seeds(10) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := runInBubbles(data); err != nil {
			t.Fatal(err)
		}
	})
}
