// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// TestOwnsAligned: a checked block with a large alignment begins in a page for which the page
// map has no entry. Owns, FreeAny and UsableSize know it nevertheless.
func TestOwnsAligned(t *testing.T) {
	for _, o := range []Options{still, strict} {
		a, other := open(t, o), open(t, strict)
		for _, align := range []int{1 << 13, 1 << 14, 1 << 16, 1 << 20} {
			for _, size := range []int{1, 236, 200_000} {
				p, err := a.Memalign(align, size)
				if err != nil {
					t.Fatal(err)
				}
				if !a.Owns(p) || other.Owns(p) || UsableSize(p) < size {
					t.Errorf("checked %v, %d bytes aligned to %d: owned %v, also by another %v, %d usable",
						o.Checked, size, align, a.Owns(p), other.Owns(p), UsableSize(p))
				}
				FreeAny(p)
			}
		}
	}
}

// TestOwnsBeforeLarge: the memory in front of a large object, in the page in which the object
// begins, can belong to another Allocator. The page map's entry is only for the object.
func TestOwnsBeforeLarge(t *testing.T) {
	for _, o := range []Options{still, strict} {
		a := open(t, o)
		p := alloc(t, a, 300_000)
		inner := raw.Addr(p)
		if pagemap.Get(inner) == 0 || o.Checked {
			inner -= largeAlign
		}
		page := raw.AlignDown(inner, sizeclass.PageSize)
		if pagemap.Get(page) == 0 || page == inner {
			t.Fatal("the object does not begin inside a page with an entry")
		}
		r := resolve(page, anyOwner)
		if checkerOf(&r) != nil || a.Owns(raw.Pointer(page)) {
			t.Errorf("checked %v: the memory in front of an object passes for the Allocator's", o.Checked)
		}
		a.Free(p)
	}
}
