// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// TestFileIO writes, stores and reads, also beyond the end of the file.
func TestFileIO(t *testing.T) {
	Require(t, Files)
	var s Space
	f, err := s.Open(filepath.Join(t.TempDir(), "f"), ForWriting|Create, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer s.CloseFile(f)
	if err := errors.Join(s.WriteFile(f, []byte("abcdef"), 10), s.StoreFile(f)); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 4)
	if err := s.ReadFile(f, p, 11); err != nil || string(p) != "bcde" {
		t.Errorf("read %q, %v", p, err)
	}
	if err := s.ReadFile(f, p, 14); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read beyond the end: %v", err)
	}
}

// TestCopied: Copied finds exactly the pages that were written.
func TestCopied(t *testing.T) {
	Require(t, Files)
	var s Space
	f, err := s.Memfd("copied")
	if err != nil {
		t.Fatal(err)
	}
	defer s.CloseFile(f)
	page := PageSize()
	const pages = 10_000
	if err := s.Truncate(f, int64(pages*page)); err != nil {
		t.Fatal(err)
	}
	m, err := s.MapKind(pages*page, Kind{File: f})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release(m)
	want := []uintptr{0, 1, 7, 4095, 4096, 8191, 8192, pages - 1}
	for _, i := range want {
		raw.Bytes(m.Base+i*page, page)[i%page] = 1
	}
	sum := byte(0)
	for i := range uintptr(pages) {
		sum += raw.Bytes(m.Base+i*page, 1)[0] // reading a page does not copy it
	}
	var got []uintptr
	err = s.Copied(m.Base, m.Size, func(p uintptr) { got = append(got, (p-m.Base)/page) })
	if errors.Is(err, ErrKernelLacks) {
		t.Skip(err)
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("copied %v, want %v (%v, %d)", got, want, err, sum)
	}
}

// TestWatched: Copied finds the pages of watched memory that were written since Forget, also those
// that became accessible later.
func TestWatched(t *testing.T) {
	var s Space
	page := PageSize()
	const pages = 2000
	m, err := s.MapKind(pages*page, Kind{Access: NoAccess, Watched: true})
	must(t, err)
	defer release(t, &s, m)
	written := func(count uintptr) (found []uintptr) {
		t.Helper()
		lacks(t, s.Copied(m.Base, count*page, func(p uintptr) { found = append(found, (p-m.Base)/page) }))
		return found
	}
	write := func(pages ...uintptr) {
		for _, i := range pages {
			*raw.At[byte](m.Base + i*page) = 1
		}
	}
	must(t, s.Protect(m.Base, 1000*page, ReadWrite))
	var all []uintptr
	for i := range uintptr(1000) {
		all = append(all, i)
	}
	write(all...)
	if got := written(pages); !slices.Equal(got, all) {
		t.Fatalf("%d pages were written, and %d are found", len(all), len(got))
	}
	lacks(t, s.Forget(m.Base, pages*page))
	must(t, s.Protect(m.Base+1000*page, 1000*page, ReadWrite))
	check(t, "not written since", m.Base+page, 1, 1) // reading is not writing
	want := []uintptr{0, 255, 256, 999, 1000, pages - 1}
	write(want...)
	if got := written(pages); !slices.Equal(got, want) {
		t.Errorf("written %v, found %v", want, got)
	}
	must(t, s.Forget(m.Base+255*page, page))
	if got := written(300); !slices.Equal(got, []uintptr{0, 256}) {
		t.Errorf("found %v after one page was forgotten", got)
	}
}
