// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math/bits"
	"testing"
	"unsafe"
)

// TestSizeof pins the layout, on which the speed and the size of metadata depend.
func TestSizeof(t *testing.T) {
	is64 := bits.UintSize == 64
	for _, c := range []struct {
		name           string
		got            uintptr
		want64, want32 uintptr
	}{
		{"largeCache", unsafe.Sizeof(largeCache{}), 192, 96},
		{"largeCache.nextSample", unsafe.Offsetof(largeCache{}.nextSample), 48, 24},
		{"largeCache.objects", unsafe.Offsetof(largeCache{}.objects), 64, 32},
		{"cache", cacheSize, 6028 + 392, 5932 + 384},
		{"Allocator.freeOwner", unsafe.Offsetof(Allocator{}.freeOwner), 0, 0},
		{"Allocator.table", unsafe.Offsetof(Allocator{}.table), 8, 4},
		{"checkedBlock", unsafe.Sizeof(checkedBlock{}), 56, 32},
	} {
		want := c.want32
		if is64 {
			want = c.want64
		}
		if c.got != want {
			t.Errorf("%s: %d, want %d", c.name, c.got, want)
		}
	}
	// Fields that every processor reads all the time share no cache line with fields that
	// change.
	if n := unsafe.Offsetof(Allocator{}.id); is64 && n < 64 {
		t.Errorf("Allocator.id begins at %d, in the line of freeOwner and table", n)
	}
}
