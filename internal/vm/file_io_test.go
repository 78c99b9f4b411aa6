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
