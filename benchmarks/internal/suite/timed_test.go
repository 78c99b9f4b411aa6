// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"slices"
	"testing"
	"time"
	"unsafe"
)

// A bareHandle has only the methods of every handle.
type bareHandle struct {
	calls []string
	last  []byte
}

func (b *bareHandle) Malloc(size int) unsafe.Pointer {
	b.calls = append(b.calls, "malloc")
	b.last = make([]byte, size)
	for i := range b.last {
		b.last[i] = 7
	}
	return unsafe.Pointer(unsafe.SliceData(b.last))
}

func (b *bareHandle) Release(unsafe.Pointer, int) { b.calls = append(b.calls, "release") }
func (b *bareHandle) Close()                      { b.calls = append(b.calls, "close") }

func TestTimedHandleDoesTheSame(t *testing.T) {
	bare := new(bareHandle)
	told := 0
	w := Timed(bare, 3, func(d time.Duration) {
		if d >= 0 {
			told++
		}
	}, func() { bare.calls = append(bare.calls, "closed") })
	block := Zeroed(w, 8)
	if bare.last[0] != 0 || bare.last[7] != 0 {
		t.Error("a block that was to be zero is not")
	}
	bare.last[0] = 9
	if grown := Resized(w, block, 8, 16); *(*byte)(grown) != 9 {
		t.Error("a block lost its bytes when it grew")
	}
	w.Release(w.Malloc(4), 4)
	w.Close()
	if want := []string{"malloc", "malloc", "release", "malloc", "release", "close", "closed"}; !slices.Equal(bare.calls, want) {
		t.Errorf("calls %v, want %v", bare.calls, want)
	}
	if told != 1 {
		t.Errorf("%d of 4 calls were told, want every third", told)
	}
}
