// SPDX-License-Identifier: Apache-2.0

package pagemap

import (
	"errors"
	"math/bits"
	"testing"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// The map accepts any numbers as addresses and descriptors; in these tests there is no
// memory at them. Each test has its own leaf, or its own part of one.
const (
	page = sizeclass.PageSize
	leaf = uintptr(1) << rootShift // bytes of address space that one leaf covers
)

func reserve(t *testing.T, addr, size uintptr) {
	t.Helper()
	err := Reserve(addr, size)
	if errors.Is(err, vm.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSet(t *testing.T) {
	const d = 0x1230
	for _, c := range []struct {
		name       string
		addr, size uintptr
	}{
		{"one byte", 100 * page, 1},
		{"one page", 200 * page, page},
		{"a page and a byte", 300 * page, page + 1},
		{"two bytes over a boundary", 401*page - 1, 2},
		{"many pages", 500 * page, 700 * page},
		{"over a boundary between leaves", leaf - 2*page, 5 * page},
	} {
		t.Run(c.name, func(t *testing.T) {
			reserve(t, c.addr, c.size)
			first := c.addr / page * page
			end := (c.addr + c.size + page - 1) / page * page
			expect := func(when string, inside uintptr) {
				t.Helper()
				for a := first; a < end; a += page {
					if Get(a) != inside || Get(a+page-1) != inside {
						t.Fatalf("%s: page %#x has %#x, want %#x", when, a, Get(a), inside)
					}
				}
				if Get(first-1) != 0 || Get(end) != 0 {
					t.Fatalf("%s: a neighbour has an entry", when)
				}
			}
			expect("reserved", 0)
			Set(c.addr, c.size, d)
			expect("set", d)
			if via := Entry(Leaf(c.addr), c.addr); via != d {
				t.Errorf("Entry(Leaf) = %#x, want %#x", via, d)
			}
			Set(c.addr, c.size, 0)
			expect("unset", 0)
		})
	}
}

func TestGetOfNoAddress(t *testing.T) {
	const addr, d = 2000 * page, 0x1230
	reserve(t, addr, page)
	Set(addr, page, d)
	defer Set(addr, page, 0)
	addrs := []uintptr{0, 1, page, addr - 1, addr + page, ^uintptr(0), ^uintptr(0) - page}
	if bits.UintSize == 64 {
		for bit := addressBits; bit < bits.UintSize; bit++ {
			addrs = append(addrs, addr|1<<bit)
		}
	}
	for _, a := range addrs {
		if got := Get(a); got != 0 {
			t.Errorf("Get(%#x) = %#x", a, got)
		}
		if h := HeaderOf(a); h != nil {
			t.Errorf("HeaderOf(%#x) = %p", a, h)
		}
	}
}

func TestReserveBeyondTheMap(t *testing.T) {
	if bits.UintSize == 32 {
		t.Skip("the map covers all addresses of this platform")
	}
	top := uint64(1) << addressBits
	for _, c := range []struct {
		name       string
		addr, size uintptr
	}{
		{"above", uintptr(top), page},
		{"far above", uintptr(top << 10), page},
		{"over the end", uintptr(top - page), 2 * page},
	} {
		if err := Reserve(c.addr, c.size); !errors.Is(err, vm.ErrOutOfMemory) && !errors.Is(err, vm.ErrUnsupported) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
