// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
)

// mappedFile makes a file of 1 MiB in a directory, which is open and mapped until the test calls close.
func mappedFile(t *testing.T, dir string, permissions uint32) (f *File, close func()) {
	t.Helper()
	var s Space
	f, err := s.Open(filepath.Join(dir, "mapped"), ForWriting|Create|Exclusive, permissions)
	must(t, err)
	must(t, s.Truncate(f, mib))
	m, err := s.MapKind(mib, Kind{File: f, Shared: true})
	must(t, err)
	return f, func() {
		t.Helper()
		fill(m.Base, mib, 7)
		check(t, "mapped", m.Base, mib, 7)
		release(t, &s, m)
		must(t, s.CloseFile(f))
	}
}

// entries returns the names in a directory.
func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	for _, entry := range list {
		names = append(names, entry.Name())
	}
	return names
}

// TestRenameByLink: where the system does not rename a mapped file, the file gets a second name, and
// loses the first. A name that exists stays.
func TestRenameByLink(t *testing.T) {
	dir := t.TempDir()
	f, done := mappedFile(t, dir, 0o600)
	var s Space
	before, err := s.Stat(f)
	must(t, err)
	taken := filepath.Join(dir, "taken")
	must(t, os.WriteFile(taken, []byte("other"), 0o600))
	if err := renameByLink(f.Name(), taken); !errors.Is(err, fs.ErrExist) {
		t.Errorf("to a name that exists: %v", err)
	}
	must(t, os.Remove(taken))
	must(t, renameByLink(f.Name(), filepath.Join(dir, "linked")))
	done()
	if names := entries(t, dir); len(names) != 1 || names[0] != "linked" {
		t.Errorf("the directory has %q", names)
	}
	g, err := s.Open(filepath.Join(dir, "linked"), 0, 0)
	must(t, err)
	if after, err := s.Stat(g); err != nil || after.Inode != before.Inode || after.Links != 1 {
		t.Errorf("%+v, %v, before %+v", after, err, before)
	}
	must(t, s.CloseFile(g))
}

// TestUnlinkMapped: a name goes at once, and the file with its last handle, also if the system
// does not remove the name of a file that is mapped, or is read-only.
func TestUnlinkMapped(t *testing.T) {
	for _, permissions := range []uint32{0o600, 0o400} {
		for what, unlink := range map[string]func(name string){
			"Unlink": func(name string) { must(t, sysUnlink(name)) },
			"removeLater": func(name string) {
				path, err := windows.UTF16PtrFromString(name)
				must(t, err)
				removeLater(path)
			},
		} {
			dir := t.TempDir()
			f, done := mappedFile(t, dir, permissions)
			unlink(f.Name())
			if _, err := os.Stat(f.Name()); what == "Unlink" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the name after Unlink, permissions %o: %v", permissions, err)
			}
			done()
			if names := entries(t, dir); len(names) > 0 {
				t.Errorf("%s, permissions %o: %q is left", what, permissions, names)
			}
		}
	}
	if err := sysUnlink(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestLinkLongName: a file without a name gets one whose path is longer than the classic limit of 260
// characters.
func TestLinkLongName(t *testing.T) {
	dir := t.TempDir()
	for range 6 {
		dir = filepath.Join(dir, strings.Repeat("d", 200))
	}
	must(t, os.MkdirAll(dir, 0o700))
	var s Space
	f, err := s.Open(dir, ForWriting|Create|Unnamed, 0o600)
	must(t, err)
	must(t, s.Truncate(f, 100))
	m, err := s.MapKind(PageSize(), Kind{File: f, Shared: true})
	must(t, err)
	must(t, s.Link(f, filepath.Join(dir, "name")))
	if names := entries(t, dir); len(names) != 1 || names[0] != "name" {
		t.Errorf("the directory has %q", names)
	}
	release(t, &s, m)
	must(t, s.CloseFile(f))
}
