// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
	"testing"

	"golang.org/x/sys/windows"
)

// TestPlaceTooLong: if a file cannot be mapped at the chosen place, because it is too short, the
// reservation is whole again, and a mapping that fits can be put into it.
func TestPlaceTooLong(t *testing.T) {
	var s Space
	f := newFile(t, &s, mib+100)
	for _, kind := range []Kind{{File: f, Shared: true}, {File: f}, {File: f, Access: ReadOnly}} {
		page := PageSize()
		start, hull, err := s.Reserve(4*mib, page, kind)
		lacks(t, err)
		m, err := s.MapKind(mib, kind)
		must(t, err)
		for _, ahead := range []uintptr{0, page, mib} {
			if _, same, _, err := s.Place(m, hull, start+ahead, 2*mib, kind); !errors.Is(err, ErrUnsupported) || same != m {
				t.Fatalf("a mapping longer than the file: %v, %v", same, err)
			}
		}
		head, body, tail, err := s.Place(m, hull, start+page, mib+page, kind)
		must(t, err)
		check(t, "placed", body.Base, mib+page, 0)
		for _, part := range []Mapping{tail, head, body} {
			release(t, &s, part)
		}
		balanced(t, &s)
	}
}

// TestDividedReservation: the parts of a reservation are released in any order. The reservation
// belongs to its owners until the last part is released, and not longer.
func TestDividedReservation(t *testing.T) {
	page := PageSize()
	for _, order := range [][3]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}} {
		var s Space
		before := divided.number.Load()
		start, hull, err := s.Reserve(mib+2*page, page, Kind{})
		must(t, err)
		m, err := s.MapKind(mib, Kind{})
		must(t, err)
		fill(m.Base, mib, 5)
		head, body, tail, err := s.Place(m, hull, start+page, mib, Kind{})
		must(t, err)
		parts := [3]Mapping{head, body, tail}
		for i, part := range order {
			if i < 2 && part != 1 && order[0] != 1 {
				check(t, "still placed", body.Base, mib, 5)
			}
			release(t, &s, parts[part])
			info, err := query(head.Base)
			must(t, err)
			if released := info.State == memFree; released != (i == 2) {
				t.Errorf("order %v: after %d parts the reservation is released: %v", order, i+1, released)
			}
		}
		if n := divided.number.Load(); n != before {
			t.Errorf("order %v: %d divided reservations are left", order, n-before)
		}
		balanced(t, &s)
	}
}

// TestPlacePartialPage: a file that ends inside a page is mapped in the place of a placeholder by
// its bytes, or by whatever the section has, whichever the system takes.
func TestPlacePartialPage(t *testing.T) {
	var s Space
	page := PageSize()
	f := newFile(t, &s, 3*page+100)
	must(t, s.WriteFile(f, []byte{9}, int64(3*page)))
	for _, length := range []uintptr{2*page + 100, 0} {
		kind := Kind{File: f, Shared: true, Offset: int64(page)}
		start, hull, err := s.Reserve(5*page, page, kind)
		lacks(t, err)
		kind.at = start + page
		must(t, sysMakeRoom(kind.at, 3*page, &kind))
		section, _, err := sectionOf(3*page, &kind)
		must(t, err)
		must(t, replacePlaceholder(section, kind.at, length, &kind))
		must(t, windows.CloseHandle(section))
		check(t, "the last page", kind.at+2*page, page, 9)
		for _, part := range []Mapping{{hull.Base, kind.at - hull.Base}, {kind.at, 3 * page}, {kind.at + 3*page, hull.Base + hull.Size - kind.at - 3*page}} {
			must(t, sysUnmap(part.Base, part.Size))
		}
	}
}

const memFree = 0x10000 // MEM_FREE, which x/sys does not have
