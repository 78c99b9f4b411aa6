// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

// Advice changes only what it says.
func TestRegionAdvise(t *testing.T) {
	const n = 20_000
	for a := AdviseNormal; a <= AdvisePopulateWrite; a++ {
		t.Run(a.String(), func(t *testing.T) {
			eachKind(t, n, func(t *testing.T, r *Region) {
				paint(r.Bytes())
				for _, part := range [][2]int{{0, n}, {0, toEnd}, {5000, 10_000}, {n, 0}} {
					err := r.AdviseRange(part[0], part[1], a)
					if errors.Is(err, ErrKernelLacks) {
						t.Skip(err)
					}
					if err != nil && !mayRefuse(r, a) {
						t.Errorf("%v: %v", part, err)
					}
				}
				switch {
				case a == AdviseDontNeed && r.Kind() == Anonymous:
					allZero(t, r.Bytes())
				case a != AdviseFree:
					painted(t, r.Bytes())
				}
				if err := r.Advise(a); err == nil { // alike again
					must(t, r.Resize(2*n))
					must(t, r.Resize(n))
				}
			})
		})
	}
}

// mayRefuse reports whether a kernel may refuse this advice for this region.
func mayRefuse(r *Region, a Advice) bool {
	switch a {
	case AdviseFree, AdviseWipeOnFork, AdviseKeepOnFork:
		return r.kind != Anonymous || r.huge == ExplicitPages
	case AdviseDontNeed:
		return r.kind == Secret // locked
	case AdviseDump, AdvisePopulateRead, AdvisePopulateWrite, AdviseHugePage, AdviseNoHugePage:
		return r.kind == Secret || r.huge == ExplicitPages
	}
	return false
}

// Bytes keep their values if they share a page with a range that is dropped.
func TestRegionDropsWholePages(t *testing.T) {
	balanced(t)
	const n, page = 100_000, 4096
	r := closeLater(t, mapped(t, n), nil)
	paint(r.Bytes())
	must(t, r.AdviseRange(page+1, 3*page, AdviseDontNeed)) // pages 2 and 3, whole
	b := r.Bytes()
	size := os.Getpagesize()
	if size != page {
		t.Skip("written for pages of 4096 bytes")
	}
	painted(t, b[:2*page])
	allZero(t, b[2*page:4*page])
	want := make([]byte, n)
	paint(want)
	if !bytes.Equal(b[4*page:], want[4*page:]) {
		t.Error("bytes after the range changed")
	}
	must(t, r.AdviseRange(page+1, 10, AdviseDontNeed)) // no whole page
	painted(t, b[:2*page])
}

func TestRegionBadRanges(t *testing.T) {
	const n = 100_000
	r := closeLater(t, mapped(t, n), nil)
	for _, part := range [][2]int{{-1, 5}, {0, n + 1}, {n + 1, 0}, {n + 1, toEnd}, {5, -2}, {n - 1, 2}, {1, int(^uint(0) >> 1)}} {
		for name, err := range map[string]error{
			"advise":  r.AdviseRange(part[0], part[1], AdviseRandom),
			"sync":    r.SyncRange(part[0], part[1]),
			"lock":    r.LockRange(part[0], part[1]),
			"unlock":  r.UnlockRange(part[0], part[1]),
			"protect": r.ProtectRange(part[0], part[1], NoAccess),
		} {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%s of %v: %v", name, part, err)
			}
		}
	}
	if err := r.Advise(200); !errors.Is(err, ErrInvalid) {
		t.Errorf("unknown advice: %v", err)
	}
	if err := r.Protect(200); !errors.Is(err, ErrInvalid) {
		t.Errorf("unknown access: %v", err)
	}
	if err := r.ProtectRange(100, toEnd, NoAccess); !errors.Is(err, ErrInvalid) {
		t.Errorf("from inside a page: %v", err)
	}
	if err := r.ProtectRange(0, 100, NoAccess); !errors.Is(err, ErrInvalid) {
		t.Errorf("to inside a page: %v", err)
	}
}

func TestRegionLock(t *testing.T) {
	eachKind(t, 50_000, func(t *testing.T, r *Region) {
		for _, lock := range []func() error{r.Lock, r.LockOnFault} {
			must(t, lock())
			paint(r.Bytes())
			must(t, r.Resize(60_000))
			must(t, r.Resize(50_000))
			painted(t, r.Bytes())
			if err := r.Unlock(); (err != nil) != (r.Kind() == Secret) {
				t.Errorf("Unlock: %v", err)
			}
		}
	})
}

func TestRegionSync(t *testing.T) {
	eachKind(t, 50_000, func(t *testing.T, r *Region) {
		paint(r.Bytes())
		must(t, errors.Join(r.SyncRange(5000, 100), r.SyncAsync(), r.Sync()))
		if r.Kind() == FileData {
			text, err := os.ReadFile(r.Name())
			must(t, err)
			painted(t, text[len(text)-50_000:])
		}
	})
}

func TestRegionProtect(t *testing.T) {
	const n = 50_000
	eachKind(t, n, func(t *testing.T, r *Region) {
		paint(r.Bytes())
		read := func() error { return r.Catch(func(b []byte) error { painted(t, b); return nil }) }
		write := func() error { return r.Catch(func(b []byte) error { b[n-1]++; b[n-1]--; return nil }) }
		for _, c := range []struct {
			access        Access
			reads, writes bool
		}{
			{ReadOnly, true, false},
			{NoAccess, false, false},
			{ReadWrite, true, true},
		} {
			must(t, r.Protect(c.access))
			for name, got := range map[string]struct {
				err error
				may bool
			}{"read": {read(), c.reads}, "write": {write(), c.writes}} {
				if got.may != (got.err == nil) || got.err != nil && !errors.Is(got.err, ErrFault) {
					t.Errorf("access %d: %s: %v", c.access, name, got.err)
				}
			}
			if err := r.Resize(n); (err == nil) != (c.access == ReadWrite) {
				t.Errorf("access %d: Resize: %v", c.access, err)
			}
		}
		must(t, r.Protect(NoAccess)) // and is closed like that
	})
}

// With GuardPages an access beyond either end is an error, which says where.
func TestRegionGuards(t *testing.T) {
	balanced(t)
	page := os.Getpagesize()
	r, err := Map(2*page, MapOptions{Options: Options{Name: "guarded", GuardPages: true}})
	closeLater(t, r, err)
	for range 2 {
		for _, off := range []int{-page - 1, 2 * page} { // the header's page is in front
			err := r.Catch(func(b []byte) error { *byteAt(b, off)++; return nil })
			var f *FaultError
			if !errors.As(err, &f) || f.Offset != off || f.Region != "guarded" || f.Len != 2*page {
				t.Errorf("byte %d: %v", off, err)
			}
		}
		must(t, r.Resize(20*page))
		must(t, r.Resize(2*page))
	}
}

// TestDontNeedProtected: pages stay protected when they are dropped, or are not dropped.
func TestDontNeedProtected(t *testing.T) {
	balanced(t)
	path := newFile(t, make([]byte, 100_000))
	file, err := MapFile(path, FileOptions{Mode: FileShared})
	for name, r := range map[string]*Region{"private": closeLater(t, mapped(t, 100_000), nil), "file": closeLater(t, file, err)} {
		r.Bytes()[0] = 1
		must(t, r.Protect(ReadOnly))
		err := r.Advise(AdviseDontNeed)
		if err != nil && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
		fault := r.Catch(func(b []byte) error { b[0] = 2; return nil })
		if !errors.Is(fault, ErrFault) {
			t.Errorf("%s: a write to read-only pages after AdviseDontNeed (%v): %v", name, err, fault)
		}
		must(t, r.Protect(ReadWrite))
		r.Bytes()[0] = 3
	}
}
