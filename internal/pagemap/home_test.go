// SPDX-License-Identifier: Apache-2.0

package pagemap

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// entry returns the address of the entry of addr's page by one leaf, or 0: what assembly does.
func (h *Home) entry(addr uintptr) uintptr {
	if addr>>rootShift != h.Index {
		return 0
	}
	return h.Entries + addr>>sizeclass.PageShift*wordBytes
}

// TestHome: of an only leaf, each page has the entry that Entry reads; of several, none has.
func TestHome(t *testing.T) {
	const leaf, index = 0x7000_0000, rootSize / 2
	first := uintptr(index) << rootShift
	last := first + 1<<rootShift - 1
	beyond := uintptr(1) << (addressBits - 1) // doubled, a bit above those of an address
	beyond <<= 1
	h := NewHome()
	if h.entry(first) != 0 {
		t.Error("there is no leaf, and an entry")
	}
	h.add(index, leaf)
	for _, addr := range []uintptr{first, first + page - 1, first + 7*page, last} {
		if got, want := h.entry(addr), leaf+addr>>sizeclass.PageShift&leafMask*wordBytes; got != want {
			t.Errorf("the entry of %#x is at %#x, want %#x", addr, got, want)
		}
	}
	for _, addr := range []uintptr{0, first - 1, last + 1, ^uintptr(0), first | beyond} {
		if addr>>rootShift != index && h.entry(addr) != 0 {
			t.Errorf("%#x has the entry of another address", addr)
		}
	}
	h.add(index-1, leaf+leafBytes)
	if h.entry(first) != 0 || h.entry(first-1) != 0 {
		t.Error("there are two leaves, and one is home")
	}
}
