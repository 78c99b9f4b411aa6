// SPDX-License-Identifier: Apache-2.0

package vm

import "github.com/ashlar-go/ashlar/internal/raw"

const (
	// lookPages is how many pages Clear looks at, and decides about, at a time.
	lookPages = 1024
	// lookMin is the least number of pages that are worth a look: to ask the kernel costs
	// as much as to write to a few pages.
	lookMin = 16
)

// Clear zeroes n bytes of private anonymous memory that is readable and writable. Memory
// of which few pages are in RAM is not written to: that would bring all of its pages in.
// It is purged instead. full reports whether everything was written to, and so is in
// RAM now.
func (s *Space) Clear(base, n uintptr) (full bool) { return s.clear(base, n, false) }

// Wipe is Clear for contents that must not stay behind in RAM either: it writes to all
// pages that are in RAM.
func (s *Space) Wipe(base, n uintptr) (full bool) { return s.clear(base, n, true) }

func (s *Space) clear(base, n uintptr, wipe bool) (full bool) {
	page := PageSize()
	begin, end := raw.AlignUp(base, page), raw.AlignDown(base+n, page)
	if end < begin+lookMin*page {
		raw.Clear(base, n)
		return true
	}
	raw.Clear(base, begin-base)
	raw.Clear(end, base+n-end)
	full = true
	for begin < end {
		size := min(lookPages*page, end-begin)
		if s.purgeSparse(begin, size, wipe) {
			full = false
		} else {
			raw.Clear(begin, size)
		}
		begin += size
	}
	return full
}

// purgeSparse purges pages, lookPages at most, if the kernel tells that less than half
// of them are in RAM. Those that were swapped out are not, and purging discards them.
func (s *Space) purgeSparse(base, size uintptr, wipe bool) bool {
	var inRAM [lookPages]byte
	pages := inRAM[:size/PageSize()]
	if s.call(OpResident, size, func() error { return sysResident(base, pages) }) != nil {
		return false
	}
	n := 0
	for _, flags := range pages {
		n += int(flags & 1)
	}
	if 2*n >= len(pages) {
		return false
	}
	if wipe {
		for i, flags := range pages {
			if flags&1 != 0 {
				raw.Clear(base+uintptr(i)*PageSize(), PageSize())
			}
		}
	}
	return s.Purge(base, size, false) == nil
}
