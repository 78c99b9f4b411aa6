// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"math/bits"
	"testing"
	"unsafe"
)

// TestSizeof pins the sizes from which the bounds of a table were computed.
func TestSizeof(t *testing.T) {
	for _, c := range []struct {
		name           string
		got            uintptr
		want64, want32 uintptr
	}{
		{"record", unsafe.Sizeof(record{}), 56, 36},
		{"bucket", bucketSize, 80, 72},
		{"stack", stackSize, 32, 20},
		{"labels", labelsSize, 16, 8},
		{"recent", recentSize, 16, 12},
	} {
		want := c.want32
		if bits.UintSize == 64 {
			want = c.want64
		}
		if c.got != want {
			t.Errorf("%s: %d bytes, want %d", c.name, c.got, want)
		}
	}
}
