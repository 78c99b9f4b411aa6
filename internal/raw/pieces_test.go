// SPDX-License-Identifier: Apache-2.0

package raw_test

import (
	"bytes"
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
