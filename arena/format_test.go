// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"encoding/binary"
	"encoding/hex"
	"testing"
)

// TestFormat checks a header against FORMAT.md, because files outlive versions of the
// package.
func TestFormat(t *testing.T) {
	h := header{Magic: fileMagic, Version: fileVersion, Sequence: 2, Capacity: 3 << 16, Used: 4, Root: 5,
		RootType: fingerprint{6}, File: [16]byte{7}, JournalPages: 8, JournalSum: 9, Before: 10}
	if n := binary.Size(h); n != 120 {
		t.Errorf("a header has %d bytes", n)
	}
	page := h.encode()
	for at, want := range map[int]uint64{16: 2, 24: 3 << 16, 32: 4, 40: 5, 96: 8, 112: 10} {
		if got := binary.NativeEndian.Uint64(page[at:]); got != want {
			t.Errorf("at %d: %d, want %d", at, got, want)
		}
	}
	if page[48] != 6 || page[80] != 7 || binary.NativeEndian.Uint32(page[104:]) != 9 || binary.NativeEndian.Uint32(page[8:]) != 1 {
		t.Errorf("%s", hex.EncodeToString(page[:120]))
	}
	if got := binary.NativeEndian.Uint32(page[filePage-4:]); got != sum(page[:filePage-4]) {
		t.Errorf("the sum is %#x", got)
	}
	for capacity, want := range map[uint64]int64{1 << 16: 128 << 10, 1 << 20: 128 << 10, 64 << 20: 128 << 10, 1 << 30: 64<<10 + 1<<20} {
		if got := (&header{Capacity: capacity}).dataAt(); got != want {
			t.Errorf("capacity %d: data at %d, want %d", capacity, got, want)
		}
	}
}
