// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"fmt"
	"math/bits"
	"testing"
)

func TestMapAlignment(t *testing.T) {
	largest := uintptr(1) << 30
	if bits.UintSize == 32 {
		largest >>= 2 // a program may have 2 GiB, in two parts
	}
	for align := uintptr(1); align <= largest; align <<= 1 {
		t.Run(fmt.Sprint(align), func(t *testing.T) {
			const size = 1 * mib
			var s Space
			start, m := mapIn(t, &s, size, align)
			if start%align != 0 {
				t.Errorf("start %#x is not aligned", start)
			}
			if start != m.Base || m.Size != size || s.Mapped.Now() != size {
				t.Errorf("mapping %#x+%d around start %#x, %d mapped: not trimmed", m.Base, m.Size, start, s.Mapped.Now())
			}
			check(t, "fresh", start, size, 0)
			fill(start, size, 1)
			release(t, &s, m)
		})
	}
}

func TestMapTooMuch(t *testing.T) {
	top := ^uintptr(0) &^ (PageSize() - 1)
	for _, c := range []struct {
		name        string
		size, align uintptr
	}{
		{"everything", top, PageSize()},
		{"sum with the alignment overflows", top, 1 << 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Space
			_, m, err := s.Map(c.size, c.align)
			if errors.Is(err, ErrUnsupported) {
				t.Skip(err)
			}
			if !errors.Is(err, ErrOutOfMemory) || m != (Mapping{}) {
				t.Errorf("Map: %v, %v", m, err)
			}
			wantGauge(t, "mapped", &s.Mapped, 0, 0)
			wantGauge(t, "mappings", &s.Mappings, 0, 0)
		})
	}
}

// Bytes that the kernel refuses to unmap stay part of the mapping and are released with
// it.
func TestMapUntrimmed(t *testing.T) {
	const size, align = mib, 64 * mib
	for _, c := range []struct {
		name  string
		after int
	}{
		{"neither end", 0},
		{"the second end", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Space
			stop := fail(t, OpRelease, c.after)
			start, m := mapIn(t, &s, size, align)
			stop()
			if start%align != 0 || start < m.Base || start+size > m.Base+m.Size {
				t.Errorf("start %#x in mapping %#x+%d", start, m.Base, m.Size)
			}
			if s.Mapped.Now() != int64(m.Size) || s.Mappings.Now() != 1 {
				t.Errorf("%d bytes in %d mappings, want %d in 1", s.Mapped.Now(), s.Mappings.Now(), m.Size)
			}
			fill(m.Base, m.Size, 1) // all bytes of it are usable
			release(t, &s, m)
			if s.Mapped.Now() != 0 || s.Mappings.Now() != 0 {
				t.Errorf("%d bytes in %d mappings after the release", s.Mapped.Now(), s.Mappings.Now())
			}
		})
	}
}
