// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"testing"
	"unsafe"
)

// callocSizes are sizes of blocks of one page, of some and of many, small and large.
var callocSizes = []int{1, 16, 100, 1000, 4096, 10000, 65536, 100000, 131071, 131072, 200000, 1 << 20, 3 << 20}

func conformCalloc(t *testing.T, m implementation) {
	const each = 5
	for round := range 3 {
		for _, size := range callocSizes {
			var blocks []unsafe.Pointer
			for i := range each {
				p, err := m.Calloc(1, size)
				if i%2 == 1 {
					m.Free(must(t, p, err))
					p, err = m.Calloc(size, 1)
				}
				must(t, p, err)
				if !zero(bytesAt(p, size)) {
					t.Fatalf("round %d: Calloc of %d bytes is not zero", round, size)
				}
				fill(bytesAt(p, m.UsableSize(p)), i)
				blocks = append(blocks, p)
			}
			for _, p := range blocks {
				m.Free(p)
			}
		}
	}
}

func conformCallocAfterTrim(t *testing.T, m implementation) {
	for range 2 {
		for _, size := range callocSizes {
			p := alloc(t, m, size)
			fill(bytesAt(p, m.UsableSize(p)), size)
			m.Free(p)
		}
		m.Trim()
		for _, size := range callocSizes {
			p, err := m.Calloc(1, size)
			must(t, p, err)
			if !zero(bytesAt(p, size)) {
				t.Fatalf("Calloc of %d bytes is not zero after Trim", size)
			}
			fill(bytesAt(p, m.UsableSize(p)), size)
			m.Free(p)
		}
	}
}

// conformCallocOthers: Calloc zeroes blocks in pages that blocks of other sizes have
// written.
func conformCallocOthers(t *testing.T, m implementation) {
	const bytes = 6 << 20
	for i, size := range []int{30000, 5000, 1000, 100000, 200} {
		var blocks []unsafe.Pointer
		for range bytes / size {
			p, err := m.Calloc(size, 1)
			if !zero(bytesAt(must(t, p, err), size)) {
				t.Fatalf("Calloc of %d bytes is not zero", size)
			}
			blocks = append(blocks, p)
		}
		for _, p := range blocks {
			fill(bytesAt(p, m.UsableSize(p)), i)
		}
		for _, p := range blocks {
			m.Free(p)
		}
	}
}
