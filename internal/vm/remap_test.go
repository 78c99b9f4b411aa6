// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"testing"
)

func TestRemap(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to uintptr
	}{
		{"grow", mib, 4 * mib},
		{"shrink", 4 * mib, mib},
		{"same", mib, mib},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.to < c.from {
				Require(t, Parts)
			}
			var s Space
			start, m := mapIn(t, &s, c.from, PageSize())
			fill(start, c.from, 5)
			m, err := s.Remap(m, c.to)
			if err != nil {
				t.Fatal(err)
			}
			if m.Size != c.to || s.Mapped.Now() != int64(c.to) || s.Mappings.Now() != 1 {
				t.Errorf("mapping of %d bytes, %d mapped in %d, want %d in 1", m.Size, s.Mapped.Now(), s.Mappings.Now(), c.to)
			}
			kept := min(c.from, c.to)
			check(t, "kept", m.Base, kept, 5)
			check(t, "added", m.Base+kept, c.to-kept, 0)
			release(t, &s, m)
		})
	}
}

// A mapping directly followed by another one can only grow by moving.
func TestRemapMoves(t *testing.T) {
	Require(t, Parts) // to unmap the two separately
	var s Space
	start, whole := mapIn(t, &s, 2*mib, PageSize())
	neighbour := start + mib
	fill(start, mib, 5)
	fill(neighbour, mib, 6)
	moved, err := s.Remap(Mapping{start, mib}, 8*mib)
	if err != nil {
		t.Fatal(err)
	}
	if moved.Base == start {
		t.Errorf("a mapping grew over its neighbour")
	}
	check(t, "moved", moved.Base, mib, 5)
	check(t, "neighbour", neighbour, mib, 6)
	if want := int64(whole.Size + 7*mib); s.Mapped.Now() != want {
		t.Errorf("%d bytes mapped, want %d", s.Mapped.Now(), want)
	}
	release(t, &s, moved)
	if err := s.munmap(neighbour, mib); err != nil {
		t.Fatal(err)
	}
}

func TestRemapTooMuch(t *testing.T) {
	var s Space
	start, m := mapIn(t, &s, mib, PageSize())
	fill(start, mib, 5)
	same, err := s.Remap(m, ^uintptr(0)&^(PageSize()-1))
	if !errors.Is(err, ErrOutOfMemory) || same != m {
		t.Errorf("Remap: %v, %v", same, err)
	}
	check(t, "after the refusal", start, mib, 5)
	wantGauge(t, "mapped", &s.Mapped, mib, mib)
	release(t, &s, m)
}
