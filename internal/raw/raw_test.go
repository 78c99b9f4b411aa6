// SPDX-License-Identifier: Apache-2.0

package raw_test

import (
	"errors"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

func TestAlign(t *testing.T) {
	for _, c := range []struct{ n, align, up, down uintptr }{
		{0, 1, 0, 0},
		{0, 4096, 0, 0},
		{1, 1, 1, 1},
		{1, 64, 64, 0},
		{63, 64, 64, 0},
		{64, 64, 64, 64},
		{65, 64, 128, 64},
		{1<<30 + 1, 1 << 30, 2 << 30, 1 << 30},
	} {
		if up := raw.AlignUp(c.n, c.align); up != c.up {
			t.Errorf("AlignUp(%d, %d) = %d, want %d", c.n, c.align, up, c.up)
		}
		if down := raw.AlignDown(c.n, c.align); down != c.down {
			t.Errorf("AlignDown(%d, %d) = %d, want %d", c.n, c.align, down, c.down)
		}
	}
}

func TestViewsShareMemory(t *testing.T) {
	var space vm.Space
	addr, m, err := space.Map(vm.PageSize(), vm.PageSize())
	if errors.Is(err, vm.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer space.Release(m)
	*raw.At[uint32](addr + 8) = 0x01010101
	b := raw.Bytes(addr, vm.PageSize())
	if len(b) != int(vm.PageSize()) || b[7] != 0 || b[8] != 1 || b[11] != 1 || b[12] != 0 {
		t.Errorf("% x: differs from the value stored through At", b[:16])
	}
	if back := raw.Addr(raw.Pointer(addr)); back != addr {
		t.Errorf("Addr(Pointer(%#x)) = %#x", addr, back)
	}
}
