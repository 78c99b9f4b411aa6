// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"slices"
	"testing"
	"time"
	"unsafe"
)

// A minimalHandle has only the methods that every handle has.
type minimalHandle struct {
	calls []string
	last  []byte
}

func (b *minimalHandle) Malloc(size int) unsafe.Pointer {
	b.calls = append(b.calls, "malloc")
	b.last = make([]byte, size)
	for i := range b.last {
		b.last[i] = 7
	}
	return unsafe.Pointer(unsafe.SliceData(b.last))
}

func (b *minimalHandle) Release(unsafe.Pointer, int) { b.calls = append(b.calls, "release") }
func (b *minimalHandle) Close()                      { b.calls = append(b.calls, "close") }

func TestTimedHandleDoesTheSame(t *testing.T) {
	minimal := new(minimalHandle)
	told := 0
	w := Timed(minimal, 3, func(d time.Duration) {
		if d >= 0 {
			told++
		}
	}, func() { minimal.calls = append(minimal.calls, "closed") })
	block := Zeroed(w, 8)
	if minimal.last[0] != 0 || minimal.last[7] != 0 {
		t.Error("a block that should be zeroed is not")
	}
	minimal.last[0] = 9
	if grown := Resized(w, block, 8, 16); *(*byte)(grown) != 9 {
		t.Error("a block lost its bytes when it grew")
	}
	w.Release(w.Malloc(4), 4)
	w.Close()
	if want := []string{"malloc", "malloc", "release", "malloc", "release", "close", "closed"}; !slices.Equal(minimal.calls, want) {
		t.Errorf("calls %v, want %v", minimal.calls, want)
	}
	if told != 1 {
		t.Errorf("%d of 4 calls were reported, want every third", told)
	}
}
