// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || freebsd || netbsd || openbsd || solaris || (linux && ashlar_posix)) && !ashlar_heap && !race && (amd64 || arm64 || riscv64)

package vm

import "testing"

// grown doubles a mapping from 1 MiB to the given size, and returns it with the number of its
// moves.
func grown(t *testing.T, s *Space, to uintptr) (m Mapping, moves int) {
	t.Helper()
	start, m := mapIn(t, s, mib, PageSize())
	fill(start, mib, 5)
	for m.Size < to {
		was := m.Base
		var err error
		if m, err = s.Remap(m, 2*m.Size); err != nil {
			t.Fatal(err)
		}
		if m.Base != was {
			moves++
		}
	}
	check(t, "kept", m.Base, mib, 5)
	return m, moves
}

// TestRoom: a mapping that grows is copied once, and rooms are as long as they are counted. Of
// many mappings that grow each may be copied more often, but their rooms end.
func TestRoom(t *testing.T) {
	var s Space
	before := room.bytes
	m, moves := grown(t, &s, 256*mib)
	if moves > 1 {
		t.Errorf("growing to 256 MiB copied the mapping %d times", moves)
	}
	release(t, &s, m)
	var all []Mapping
	for range 2 * manyRooms / roomMin {
		m, _ := grown(t, &s, 2*mib)
		all = append(all, m)
	}
	if most := before + manyRooms + roomMin + roomFactor*2*mib*uintptr(len(all)); room.bytes > most {
		t.Errorf("%d mappings have %d bytes of room, want at most %d", len(all), room.bytes, most)
	}
	more, moves := grown(t, &s, 64*mib)
	if moves > 3 {
		t.Errorf("growing to 64 MiB beside many copied the mapping %d times", moves)
	}
	for _, m := range append(all, more) {
		release(t, &s, m)
	}
	if room.bytes != before || before == 0 && len(room.after) > 0 {
		t.Errorf("%d bytes of room are left, and %d were there before: %v", room.bytes, before, room.after)
	}
}
