// SPDX-License-Identifier: Apache-2.0

package vm

import "github.com/ashlar-go/ashlar/internal/raw"

const (
	// lookPages is the number of pages that Clear examines at a time.
	lookPages = 1024
	// lookMin is the smallest number of pages worth examining: asking the kernel costs as
	// much as writing a few pages.
	lookMin = 16
)

// Clear zeroes n bytes of private anonymous memory that can be read and written. Where
// few pages of a range are in RAM, it purges the range instead of writing to it, because
// writing would bring all pages in. full reports whether it has written everything, so
// that all of it is in RAM now.
func (s *Space) Clear(base, n uintptr) (full bool) { return s.clear(base, n, false) }

// Wipe is Clear for secrets: it overwrites every page that is in RAM, so that no copy of
// the contents remains there.
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

// purgeSparse purges at most lookPages pages if the kernel reports that less than half of
// them are in RAM. Swapped-out pages are not in RAM; purging discards them. If the kernel knows
// only the working set, other pages may be in RAM, too, so that none is purged unwritten.
func (s *Space) purgeSparse(base, size uintptr, wipe bool) bool {
	if !Able(Residency) || wipe && residentIsWorkingSet {
		return false
	}
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
