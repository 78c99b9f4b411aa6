// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

// TestBuild: the program measures on every system, also where nobody says how much is resident.
func TestBuild(t *testing.T) {
	for _, allocator := range allocators {
		if r, err := build(allocator, 1000); err != nil || r.Seconds < 0 || r.PeakRSS < 0 {
			t.Errorf("%s: %+v, %v", allocator, r, err)
		}
	}
	if _, err := build("none", 1); err == nil {
		t.Error("an allocator that does not exist builds an array")
	}
}
