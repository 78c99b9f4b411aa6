// SPDX-License-Identifier: Apache-2.0

package raw_test

import (
	"bytes"
	"slices"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// lengths contains lengths around multiples of the piece size.
var lengths = []int{0, 1, 255 << 10, 256 << 10, 256<<10 + 1, 512 << 10, 1<<20 + 7}

func addrOf(b []byte) uintptr { return raw.Addr(unsafe.Pointer(unsafe.SliceData(b))) }

func TestClear(t *testing.T) {
	for _, n := range lengths {
		b := bytes.Repeat([]byte{7}, n+2)
		raw.Clear(addrOf(b)+1, uintptr(n))
		if b[0] != 7 || b[n+1] != 7 || !bytes.Equal(b[1:n+1], make([]byte, n)) {
			t.Errorf("%d bytes: Clear cleared too few or too many bytes", n)
		}
	}
}

func TestCopy(t *testing.T) {
	for _, n := range lengths {
		from, to := make([]byte, n), bytes.Repeat([]byte{7}, n+2)
		for i := range from {
			from[i] = byte(i % 251)
		}
		raw.Copy(addrOf(to)+1, addrOf(from), uintptr(n))
		if to[0] != 7 || to[n+1] != 7 || !bytes.Equal(to[1:n+1], from) {
			t.Errorf("%d bytes: Copy wrote too few or too many bytes", n)
		}
	}
}

func TestSlices(t *testing.T) {
	type element struct{ a, b, c byte }
	for _, n := range lengths {
		from := make([]element, n/3)
		for i := range from {
			from[i] = element{byte(i % 251), byte(i % 241), 7}
		}
		to := make([]element, len(from)+1)
		raw.CopySlice(to, from)
		if !slices.Equal(to[:len(from)], from) || to[len(from)] != (element{}) {
			t.Errorf("%d elements: others were written, or not all", len(from))
		}
		if n > 5 { // down, by less than a piece
			want := slices.Clone(from[1:])
			raw.CopySlice(from, from[1:])
			if !slices.Equal(from[:len(want)], want) {
				t.Errorf("%d elements moved down: others", len(from))
			}
		}
	}
	for _, n := range lengths {
		s := slices.Repeat([]element{{1, 2, 3}}, n/3+2)
		raw.ClearSlice(s[1 : len(s)-1])
		if s[0].a != 1 || s[len(s)-1].c != 3 || !slices.Equal(s[1:len(s)-1], make([]element, n/3)) {
			t.Errorf("%d elements: others were cleared, or not all", n/3)
		}
	}
	raw.CopySlice(make([]struct{}, 1<<20), make([]struct{}, 1<<20))
	large := make([][300 << 10]byte, 3)
	large[2][5] = 1
	more := make([][300 << 10]byte, 3)
	if raw.CopySlice(more, large); more[2][5] != 1 {
		t.Error("elements larger than a piece are not copied")
	}
}
