// SPDX-License-Identifier: Apache-2.0

package pagemap

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Descriptors continue after their header at an offset computed from this.
func TestSizeofHeader(t *testing.T) {
	if size, want := unsafe.Sizeof(Header{}), uintptr(16+2*wordBytes); size != want {
		t.Errorf("a header has %d bytes, want %d", size, want)
	}
}

func TestHeaderOf(t *testing.T) {
	const addr = 3000 * page
	reserve(t, addr, page)
	d, err := metadata.Alloc(unsafe.Sizeof(Header{}))
	if err != nil {
		t.Fatal(err)
	}
	*raw.At[Header](d) = Header{Kind: Large, Owner: 42}
	Set(addr, page, d)
	if h := HeaderOf(addr + 5); h == nil || h.Kind != Large || h.Owner != 42 {
		t.Errorf("HeaderOf: %+v", h)
	}
	Set(addr, page, 0)
	metadata.Free(d, unsafe.Sizeof(Header{}))
}

func TestSpanOwns(t *testing.T) {
	const owner, base = 7, 0x7654_0000
	for c := range sizeclass.Class(sizeclass.Count) {
		row := c.Info()
		h := Header{Owner: owner, Base: base, Magic: row.Magic, Size: row.Size, Blocks: row.Blocks, Class: c, Kind: Span}
		t.Run(fmt.Sprint(row.Size), func(t *testing.T) {
			for i := range row.Blocks {
				start := base + uintptr(i)*uintptr(row.Size)
				for _, off := range []uintptr{0, 1, 8, uintptr(row.Size) / 2, uintptr(row.Size) - 1} {
					addr := start + off
					if got := h.Index(addr); got != i {
						t.Fatalf("Index(block %d + %d) = %d", i, off, got)
					}
					if owns := h.Owns(i, addr, owner); owns != (off == 0) {
						t.Fatalf("Owns(block %d + %d) = %v", i, off, owns)
					}
				}
				if h.Owns(i, start, owner+1) {
					t.Fatalf("block %d has the index of another block", i)
				}
			}
			for addr := base + uintptr(row.Blocks*row.Size); addr < base+uintptr(row.Span); addr++ {
				if i := h.Index(addr); i != row.Blocks {
					t.Fatalf("Index(tail at %#x) = %d, want %d", addr, i, row.Blocks)
				}
			}
		})
	}
}

// With Magic = Size = 0 only Base is accepted as a block.
func TestLargeOwnsNothing(t *testing.T) {
	const owner, user = 7, 0x7654_0040
	h := Header{Owner: owner, Base: user + LargeBias, Kind: Large}
	for _, addr := range []uintptr{user &^ (page - 1), user - 1, user, user + 1, user + 64, user | (page - 1), 0, ^uintptr(0)} {
		if i := h.Index(addr); i != 0 || h.Owns(i, addr, owner) {
			t.Errorf("%#x is accepted as block %d", addr, i)
		}
	}
}
