// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// inRAM returns the number of pages of a range that are in RAM.
func inRAM(t *testing.T, base, size uintptr) (n int) {
	t.Helper()
	pages := make([]byte, size/PageSize())
	must(t, sysResident(base, pages))
	for _, flags := range pages {
		n += int(flags & 1)
	}
	return n
}

// requireResident skips the test if the kernel is an emulated one whose answers are unusable.
func requireResident(t *testing.T) {
	t.Helper()
	var s Space
	base, m := mapIn(t, &s, PageSize(), PageSize())
	defer release(t, &s, m)
	if err := sysResident(base, make([]byte, 1)); errors.Is(err, ErrKernelLacks) {
		t.Skip(err)
	}
}

// Cleared bytes are zero and no other bytes change. Ranges with few pages in RAM are not
// brought in.
func TestClearPages(t *testing.T) {
	Require(t, Residency)
	requireResident(t)
	const size = 16 * mib
	pages := int(size / PageSize())
	for _, c := range []struct {
		name     string
		used     int // one of this many pages is written
		off      uintptr
		full     bool
		maxInRAM int
	}{
		{"dense", 1, 0, true, pages},
		{"sparse", 64, 0, false, 0},
		{"sparse, with ends inside pages", 64, 5000, false, 4},
		{"half", 2, 0, true, pages},
		{"untouched", pages, 4096, false, 4},
	} {
		for name, method := range map[string]func(*Space, uintptr, uintptr) bool{
			"Clear": (*Space).Clear, "Wipe": (*Space).Wipe,
		} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				var s Space
				base, m := mapIn(t, &s, size, PageSize())
				defer release(t, &s, m)
				for at := uintptr(0); at < size; at += uintptr(c.used) * PageSize() {
					*raw.At[uint64](base + at) = 0x636f6e74656e7473 // not a copy: Go 1.26 for ppc64le does not compile one of a known length
				}
				first, last := raw.Bytes(base, c.off), raw.Bytes(base+size-c.off, c.off)
				before := append(bytes.Clone(first), last...)
				want, maxInRAM := c.full, c.maxInRAM
				if residentIsWorkingSet && name == "Wipe" { // other pages may be in RAM, too
					want, maxInRAM = true, pages
				}
				if full := method(&s, base+c.off, size-2*c.off); full != want {
					t.Errorf("full %v, want %v", full, want)
				}
				if n := inRAM(t, base, size); n > maxInRAM {
					t.Errorf("%d of %d pages are in RAM, want at most %d", n, pages, maxInRAM)
				}
				check(t, "afterwards", base+raw.AlignUp(c.off, PageSize()), size-2*raw.AlignUp(c.off, PageSize()), 0)
				if b := raw.Bytes(base+c.off, size-2*c.off); len(bytes.Trim(b, "\x00")) > 0 {
					t.Error("not zero")
				}
				if !bytes.Equal(append(bytes.Clone(first), last...), before) {
					t.Error("bytes outside the range changed")
				}
			})
		}
	}
}

// If the kernel does not report pages in RAM, or refuses to purge (locked memory), the
// pages are written.
func TestClearOnOtherKernels(t *testing.T) {
	for _, op := range []Op{OpResident, OpPurge} {
		var s Space
		base, m := mapIn(t, &s, mib, PageSize())
		fill(base, PageSize(), 7)
		stop := fail(t, op, 0)
		if full := s.Clear(base, mib); !full {
			t.Errorf("%v fails: not full", op)
		}
		stop()
		check(t, op.String()+" fails", base, mib, 0)
		release(t, &s, m)
	}
}
