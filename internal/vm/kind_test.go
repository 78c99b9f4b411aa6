// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// must ends the test if there is an error. It skips the test if the platform is not
// supported.
func must(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// lacks skips the test if this kernel lacks a feature.
func lacks(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, ErrKernelLacks) {
		t.Skip(err)
	}
	must(t, err)
}

// newFile makes a file of size bytes and closes it at the end of the test.
func newFile(t *testing.T, s *Space, size uintptr) *File {
	t.Helper()
	f, err := s.Open(filepath.Join(t.TempDir(), "file"), ForWriting|Create|Exclusive, 0o600)
	must(t, err)
	t.Cleanup(func() { must(t, s.CloseFile(f)) })
	must(t, s.Truncate(f, int64(size)))
	return f
}

// balanced checks at the end of a test that the account is as before.
func balanced(t *testing.T, s *Space) {
	t.Helper()
	if m, n := s.Mapped.Now(), s.Mappings.Now(); m != 0 || n != 0 {
		t.Errorf("%d bytes in %d mappings are left", m, n)
	}
}

func TestMapKind(t *testing.T) {
	Require(t, Files)
	for _, c := range []struct {
		name    string
		shared  bool
		offset  int64
		reaches bool // whether writes reach the file
	}{
		{"shared", true, 0, true},
		{"private", false, 0, false},
		{"shared window", true, int64(PageSize()), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Space
			f := newFile(t, &s, mib)
			size := mib - uintptr(c.offset)
			a, err := s.MapKind(size, Kind{File: f, Offset: c.offset, Shared: c.shared, Populate: true})
			must(t, err)
			b, err := s.MapKind(mib, Kind{File: f, Access: ReadOnly})
			must(t, err)
			fill(a.Base, size, 7)
			want := byte(0)
			if c.reaches {
				want = 7
			}
			check(t, "by the other mapping", b.Base+uintptr(c.offset), size, want)
			release(t, &s, a)
			release(t, &s, b)
			balanced(t, &s)
		})
	}
}

// A mapping of any kind keeps its contents when it is placed and when it grows.
func TestPlace(t *testing.T) {
	Require(t, Placing)
	const align = 2 * mib
	for _, c := range []struct {
		name string
		file func(*Space) (*File, error)
	}{
		{"anonymous", func(*Space) (*File, error) { return nil, nil }},
		{"memfd", func(s *Space) (*File, error) { return s.Memfd("test") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Space
			f, err := c.file(&s)
			must(t, err)
			if f != nil {
				must(t, s.Truncate(f, 2*mib))
				defer func() { must(t, s.CloseFile(f)) }()
			}
			m, err := s.MapKind(mib, Kind{File: f, Shared: f != nil})
			must(t, err)
			fill(m.Base, mib, 5)
			page := PageSize()
			kind := Kind{File: f, Shared: f != nil}
			start, hull, err := s.Reserve(align+2*mib+page, align, kind)
			if err != nil {
				release(t, &s, m)
			}
			lacks(t, err)
			head, body, tail, err := s.Place(m, hull, start+align, 2*mib, kind)
			must(t, err)
			if head != (Mapping{hull.Base, start + align - hull.Base}) || body != (Mapping{start + align, 2 * mib}) ||
				tail.Base != body.Base+2*mib || tail.Base+tail.Size != hull.Base+hull.Size {
				t.Fatalf("parts %v %v %v of %v", head, body, tail, hull)
			}
			wantGauge(t, "mapped", &s.Mapped, int64(hull.Size), s.Mapped.Peak())
			if n := s.Mappings.Now(); n != 3 {
				t.Errorf("%d mappings, want 3", n)
			}
			check(t, "placed", body.Base, mib, 5)
			check(t, "added", body.Base+mib, mib, 0)
			for _, part := range []Mapping{head, body, tail} {
				release(t, &s, part)
			}
			balanced(t, &s)
		})
	}
}

func TestPlaceRefused(t *testing.T) {
	Require(t, Placing)
	var s Space
	m, err := s.MapKind(mib, Kind{})
	must(t, err)
	fill(m.Base, mib, 5)
	start, hull, err := s.Reserve(mib, PageSize(), Kind{})
	must(t, err)
	stop := fail(t, OpRemap, 0)
	_, same, _, err := s.Place(m, hull, start, mib, Kind{})
	stop()
	if !errors.Is(err, errInjected) || same != m {
		t.Errorf("Place: %v, %v", same, err)
	}
	check(t, "after the refusal", m.Base, mib, 5)
	release(t, &s, m)
	release(t, &s, hull)
	balanced(t, &s)
}

// If there are no huge pages, mapping them returns an error; no signal is raised later.
func TestHuge(t *testing.T) {
	var s Space
	const size = 4 << 20 // a multiple of huge pages of 2 and of 4 MiB
	m, err := s.MapKind(size, Kind{Huge: true})
	if errors.Is(err, ErrOutOfMemory) {
		t.Skip(err)
	}
	lacks(t, err)
	fill(m.Base, size, 1)
	release(t, &s, m)
	balanced(t, &s)
}

func TestSecret(t *testing.T) {
	var s Space
	f, err := s.Secret()
	lacks(t, err)
	must(t, s.Truncate(f, 8192))
	m, err := s.MapKind(8192, Kind{File: f, Shared: true})
	must(t, err)
	must(t, s.CloseFile(f))
	*raw.At[byte](m.Base) = 3
	check(t, "secret", m.Base, 1, 3)
	release(t, &s, m)
}

// A mapping takes a part of a reservation, and never memory of another owner.
func TestMapInto(t *testing.T) {
	Require(t, Placing)
	page := PageSize()
	intruder := Mapping{}
	for _, c := range []struct {
		name        string
		ahead, rest uintptr // bytes of the reservation before and after the part
		fails       Op
		between     func(s *Space, start uintptr) error
	}{
		{"between", page, 2 * page, NumOps, nil},
		{"at the ends", 0, 0, NumOps, nil},
		{"munmap fails", page, page, OpRelease, func(*Space, uintptr) error { return errInjected }},
		{"mmap fails", page, page, OpMap, func(*Space, uintptr) error { return errInjected }},
		{"another mapping takes the part", page, page, OpMap, func(s *Space, start uintptr) error {
			base, err := sysMapKind(page, &Kind{at: start})
			intruder = Mapping{base, page}
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.fails == OpMap && strings.HasPrefix(c.name, "another") {
				Require(t, Moving) // otherwise the part is never unmapped
			}
			var s Space
			start, reservation, err := s.Reserve(c.ahead+mib+c.rest, page, Kind{})
			must(t, err)
			place := start + c.ahead
			if c.between != nil {
				Inject(func(op Op) error {
					if op != c.fails {
						return nil
					}
					Inject(nil)
					return c.between(&s, place)
				})
			}
			head, body, tail, err := s.MapInto(reservation, place, mib, Kind{})
			if (err != nil) != (c.between != nil) {
				t.Errorf("MapInto: %v", err)
			}
			if err == nil {
				if body != (Mapping{place, mib}) || head.Size != c.ahead || tail.Size != c.rest {
					t.Errorf("head %+v, body %+v, tail %+v", head, body, tail)
				}
				fill(place, mib, 1)
			}
			if intruder.Size > 0 {
				fill(intruder.Base, page, 9) // the other mapping is intact
				check(t, "the other mapping", intruder.Base, page, 9)
				must(t, sysUnmap(intruder.Base, page))
			}
			for _, m := range []Mapping{head, body, tail} {
				if m.Size > 0 {
					release(t, &s, m)
				}
			}
			balanced(t, &s)
		})
	}
}
