// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"math/bits"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
)

// TestSizeof pins the layouts that determine the speed and the size of metadata.
func TestSizeof(t *testing.T) {
	is64 := bits.UintSize == 64
	for _, c := range []struct {
		name           string
		got            uintptr
		want64, want32 uintptr
	}{
		{"ClassCache", unsafe.Sizeof(ClassCache{}), 64, 64},
		{"ClassCache.top", unsafe.Offsetof(ClassCache{}.top), 0, 0},
		{"ClassCache.nextSample", unsafe.Offsetof(ClassCache{}.nextSample), 32, 16},
		{"slot", unsafe.Sizeof(slot{}), 16, 8},
		{"slot.addr", unsafe.Offsetof(slot{}.addr), 0, 0},
		{"slots of a magazine", slotsStart % unsafe.Sizeof(slot{}), 0, 0},
		{"pagemap.Header", unsafe.Sizeof(pagemap.Header{}), 32, 24},
		{"Span.Header", unsafe.Offsetof(Span{}.Header), 0, 0},
		{"Span.next", unsafe.Offsetof(Span{}.next), 64, 64},
		{"Span.idle", unsafe.Offsetof(Span{}.idle), 80, 72},
		{"states of a span", StatesStart, 128, 128},
		{"State", unsafe.Sizeof(State(0)), 1, 1},
	} {
		want := c.want32
		if is64 {
			want = c.want64
		}
		if c.got != want {
			t.Errorf("%s: %d, want %d", c.name, c.got, want)
		}
	}
	if unsafe.Sizeof(Span{}) > StatesStart {
		t.Errorf("a span of %d bytes reaches into its states", unsafe.Sizeof(Span{}))
	}
	if unsafe.Sizeof(magazine{}) > slotsStart {
		t.Errorf("a magazine of %d bytes reaches into its slots", unsafe.Sizeof(magazine{}))
	}
}
