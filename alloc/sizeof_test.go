package alloc

import (
	"math/bits"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
)

// TestSizeof pins the layout that speed and metadata were reckoned with.
func TestSizeof(t *testing.T) {
	is64 := bits.UintSize == 64
	for _, c := range []struct {
		name           string
		got            uintptr
		want64, want32 uintptr
	}{
		{"rack", unsafe.Sizeof(rack{}), 64, 64},
		{"rack.top", unsafe.Offsetof(rack{}.top), 0, 0},
		{"rack.due", unsafe.Offsetof(rack{}.due), 32, 16},
		{"lot", unsafe.Sizeof(lot{}), 104, 60},
		{"lot.due", unsafe.Offsetof(lot{}.due), 24, 20},
		{"lot.parked", unsafe.Offsetof(lot{}.parked), 40, 28},
		{"cache", cacheSize, 5736, 5692},
		{"slot", unsafe.Sizeof(slot{}), 16, 8},
		{"slot.addr", unsafe.Offsetof(slot{}.addr), 0, 0},
		{"pagemap.Header", unsafe.Sizeof(pagemap.Header{}), 32, 24},
		{"header of a span", headerSize, 32, 24},
		{"span.Header", unsafe.Offsetof(span{}.Header), 0, 0},
		{"span.next", unsafe.Offsetof(span{}.next), 64, 64},
		{"span.idle", unsafe.Offsetof(span{}.idle), 80, 72},
		{"states of a span", statesStart, 128, 128},
		{"slots of a magazine", slotsStart % unsafe.Sizeof(slot{}), 0, 0},
		{"Allocator.id", unsafe.Offsetof(Allocator{}.id), 0, 0},
		{"Allocator.table", unsafe.Offsetof(Allocator{}.table), 8, 4},
		{"checkedBlock", unsafe.Sizeof(checkedBlock{}), 56, 32},
		{"state", unsafe.Sizeof(state(0)), 1, 1},
	} {
		want := c.want32
		if is64 {
			want = c.want64
		}
		if c.got != want {
			t.Errorf("%s: %d, want %d", c.name, c.got, want)
		}
	}
	if unsafe.Sizeof(span{}) > statesStart {
		t.Errorf("a span of %d bytes reaches into its states", unsafe.Sizeof(span{}))
	}
	if unsafe.Sizeof(magazine{}) > slotsStart {
		t.Errorf("a magazine of %d bytes reaches into its slots", unsafe.Sizeof(magazine{}))
	}
	// What every processor reads all the time shares no line with what is written.
	if n := unsafe.Offsetof(Allocator{}.options); is64 && n < 64 {
		t.Errorf("Allocator.options begins at %d, in the line of id and table", n)
	}
}
