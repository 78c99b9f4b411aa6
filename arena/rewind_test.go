// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"bytes"
	"testing"
	"unsafe"
)

// Rounds of all sizes around those after which Reset clears, in any order, get zeroed memory, and
// the numbers are right. Objects at both ends of the window are filled with ones.
func TestResetThenZeroed(t *testing.T) {
	for _, o := range []Options{{}, {Align: 64}, {Concurrent: true}} {
		for _, linked := range []bool{false, true} {
			a := open(t, o)
			for round := range 400 {
				size := round * 7919 % (80 << 10)
				fillRound(t, a, size, linked)
				before := a.Stats()
				a.Reset()
				checkArena(t, a)
				s := a.Stats()
				if s.Used != 0 || s.Resets != int64(round+1) || before.Used < int64(size) || s.HighWater < int64(size) {
					t.Fatalf("%+v: a round of %d bytes: before Reset %+v, after it %+v", o, size, before, s)
				}
			}
		}
	}
}

var ones = bytes.Repeat([]byte{0xff}, 40<<10)

// fillRound allocates about size bytes, which must be zero, and fills them.
func fillRound(t *testing.T, a *Arena, size int, linked bool) {
	for left := size; left > 0; {
		n := min(1+left*31%(9<<10), left)
		s := MakeSlice[byte](a, n, n)
		if bytes.Count(s, []byte{0}) != n {
			t.Fatalf("a slice of %d bytes is not zeroed, %d bytes before the end of a round of %d", n, left, size)
		}
		copy(s, ones)
		left -= n
		if linked {
			p := NewLinked[[3]*byte](a)
			if *p != [3]*byte{} {
				t.Fatalf("a linked object is not zeroed, %d bytes before the end of a round of %d", left, size)
			}
			copy(unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p)), ones)
		}
		if left%2 == 0 {
			New[[5]uint64](a)[4] = 1 << 63
		}
	}
}
