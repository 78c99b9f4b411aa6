// SPDX-License-Identifier: Apache-2.0

package mmap

import "github.com/ashlar-go/ashlar/internal/raw"

// toEnd stands for the length of a range that ends where the region ends.
const toEnd = -1

// An addrRange is the addresses from begin to end, end excluded.
type addrRange struct{ begin, end uintptr }

func (p addrRange) size() uintptr { return p.end - p.begin }

// bounds returns the addresses of the region's bytes.
func (r *Region) bounds() addrRange { return addrRange{r.base(), r.base() + r.length} }

// pagesOf returns the pages that contain the bytes of p.
func (r *Region) pagesOf(p addrRange) addrRange {
	return addrRange{raw.AlignDown(p.begin, r.page), raw.AlignUp(p.end, r.page)}
}

// around returns the pages that contain the bytes of p. If p is all bytes, the page of the
// header is included, because the kernel splits the mapping if that page differs.
func (r *Region) around(p addrRange) addrRange {
	pages := r.pagesOf(p)
	if p == r.bounds() {
		pages.begin = r.frame.body.Base
	}
	return pages
}

// inside returns the pages that contain no byte outside p. The part of the last page
// beyond the region belongs to nobody.
func (r *Region) inside(p addrRange) addrRange {
	in := addrRange{raw.AlignUp(p.begin, r.page), raw.AlignDown(p.end, r.page)}
	if p.end == r.bounds().end {
		in.end = raw.AlignUp(p.end, r.page)
	}
	in.end = max(in.begin, in.end)
	return in
}

// onPages checks the range of n bytes from off on, enters the gate, and calls f with the
// range. It does not call f with an empty range.
func (r *Region) onPages(op string, off, n int, f func(addrRange) error) error {
	if err := r.gate.enter(); err != nil {
		return r.error(op, 0, err)
	}
	defer r.gate.leave()
	length := int(r.length)
	if n == toEnd {
		n = length - off
	}
	if off < 0 || n < 0 || off > length || n > length-off {
		return r.error(op, 0, invalid("%d bytes from offset %d, in a region of %d", n, off, length))
	}
	if n == 0 {
		return nil
	}
	base := r.base() + uintptr(off)
	return r.error(op, 0, f(addrRange{base, base + uintptr(n)}))
}

// noting calls change, which changes pages, and updates the region's description in the list.
// One change runs at a time.
func (r *Region) noting(change func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := change()
	regions.set(r)
	return err
}
