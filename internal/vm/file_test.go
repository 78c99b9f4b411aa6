// SPDX-License-Identifier: Apache-2.0

//go:build !plan9

package vm

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestOpen(t *testing.T) {
	Require(t, Files)
	var s Space
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	must(t, os.WriteFile(there, []byte("text"), 0o600))
	for _, c := range []struct {
		name  string
		flags OpenFlags
		want  error
	}{
		{there, 0, nil},
		{there, ForWriting, nil},
		{there, ForWriting | Create, nil},
		{there, ForWriting | Create | Exclusive, fs.ErrExist},
		{filepath.Join(dir, "absent"), ForWriting, fs.ErrNotExist},
		{there, NoFollow, nil},
	} {
		f, err := s.Open(c.name, c.flags, 0o600)
		if errors.Is(err, ErrUnsupported) {
			t.Skip(err)
		}
		if !errors.Is(err, c.want) {
			t.Errorf("Open(%s, %b): %v, want %v", c.name, c.flags, err, c.want)
		}
		if err != nil {
			continue
		}
		info, err := s.Stat(f)
		if err != nil || info.Size != 4 || !info.Regular || info.Permissions != 0o600 || info.Links != 1 {
			t.Errorf("Stat: %+v, %v", info, err)
		}
		must(t, s.CloseFile(f))
	}
}

// A symbolic link leads to its file, unless NoFollow is set.
func TestOpenLink(t *testing.T) {
	Require(t, Files)
	var s Space
	dir := t.TempDir()
	there, link := filepath.Join(dir, "there"), filepath.Join(dir, "link")
	must(t, errors.Join(os.WriteFile(there, []byte("text"), 0o600), os.Symlink(there, link)))
	f, err := s.Open(link, 0, 0)
	must(t, err)
	must(t, s.CloseFile(f))
	if _, err := s.Open(link, NoFollow, 0); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("Open with NoFollow: %v", err)
	}
}

// Two goroutines make a file at once: it appears complete, and exactly one of them
// succeeds.
func TestLink(t *testing.T) {
	Require(t, Files)
	var s Space
	dir := t.TempDir()
	name := filepath.Join(dir, "name")
	for i, want := range []error{nil, fs.ErrExist} {
		f, err := s.Open(dir, ForWriting|Unnamed, 0o640)
		must(t, err)
		must(t, s.Truncate(f, 100))
		if err := s.Link(f, name); !errors.Is(err, want) {
			t.Errorf("Link %d: %v, want %v", i, err, want)
		}
		must(t, s.CloseFile(f))
	}
	if info, err := os.Stat(name); err != nil || info.Size() != 100 {
		t.Errorf("%v, %v", info, err)
	}
	must(t, s.Unlink(name))
	if err := s.Unlink(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Unlink twice: %v", err)
	}
}

func TestLockFile(t *testing.T) {
	Require(t, Files)
	var s Space
	a := newFile(t, &s, 0)
	b, err := s.Open(a.Name(), ForWriting, 0)
	must(t, err)
	must(t, s.LockFile(a, true, false))
	if err := s.LockFile(b, false, false); !errors.Is(err, ErrFileLocked) {
		t.Errorf("of a locked file: %v", err)
	}
	must(t, s.UnlockFile(a))
	must(t, s.LockFile(b, false, true))
	must(t, s.LockFile(a, false, true))
	must(t, s.CloseFile(b)) // closing the file releases its lock
	must(t, s.LockFile(a, true, false))
}

func TestAllocateAndTruncate(t *testing.T) {
	Require(t, Files)
	var s Space
	f := newFile(t, &s, 0)
	lacks(t, s.Allocate(f, 0, mib))
	for _, want := range []int64{mib, 3 * mib, 100} {
		if want != mib {
			must(t, s.Truncate(f, want))
		}
		if info, err := s.Stat(f); err != nil || info.Size != want {
			t.Errorf("%+v, %v, want %d bytes", info, err, want)
		}
	}
}

func TestMemfdName(t *testing.T) {
	var s Space
	for _, name := range []string{"", "a\x00b", strings.Repeat("long", 100)} {
		f, err := s.Memfd(name)
		must(t, err)
		must(t, s.CloseFile(f))
	}
}

func TestDup(t *testing.T) {
	Require(t, Files)
	var s Space
	f := newFile(t, &s, 100)
	other, err := s.Dup(f.Fd(), "other")
	must(t, err)
	if info, err := s.Stat(other); err != nil || info.Size != 100 || other.Fd() == f.Fd() {
		t.Errorf("%+v, %v", info, err)
	}
	must(t, s.CloseFile(other))
}

// Bytes written through a mapping are in the file.
func TestSync(t *testing.T) {
	Require(t, Files)
	for _, async := range []bool{false, true} {
		var s Space
		f := newFile(t, &s, mib)
		m, err := s.MapKind(mib, Kind{File: f, Shared: true})
		must(t, err)
		fill(m.Base, mib, 9)
		must(t, s.Sync(f, m.Base+PageSize(), PageSize(), async))
		must(t, s.Sync(f, m.Base, mib, async))
		if text, err := os.ReadFile(f.Name()); err != nil || text[0] != 9 {
			t.Errorf("the file contains %v, %v", text[0], err)
		}
		release(t, &s, m)
	}
}

// The kernel's errors carry the sentinels that callers test for.
func TestAnswers(t *testing.T) {
	Require(t, Files)
	var s Space
	f := newFile(t, &s, mib)
	for _, c := range []struct {
		name   string
		answer error
		call   func() error
		want   error
	}{
		{"memfd_create missing", syscall.ENOSYS, func() error { _, err := s.Memfd("x"); return err }, ErrKernelLacks},
		{"memfd_secret missing", syscall.ENOSYS, func() error { _, err := s.Secret(); return err }, ErrKernelLacks},
		{"memfd_create forbidden", syscall.EPERM, func() error { _, err := s.Memfd("x"); return err }, fs.ErrPermission},
		{"names missing", syscall.EINVAL, func() error { return s.Name(0, 0, "x") }, ErrKernelLacks},
		{"disk full", syscall.ENOSPC, func() error { return s.Allocate(f, 0, mib) }, ErrNoSpace},
		{"quota", syscall.EDQUOT, func() error { return s.Truncate(f, mib) }, ErrNoSpace},
		{"no fallocate", syscall.EOPNOTSUPP, func() error { return s.Allocate(f, 0, mib) }, ErrKernelLacks},
		{"locked memory", syscall.EAGAIN, func() error { _, err := s.MapKind(mib, Kind{}); return err }, ErrLockLimit},
		{"no memory", syscall.ENOMEM, func() error { return s.Protect(0, mib, ReadOnly) }, ErrOutOfMemory},
		{"disk error", syscall.EIO, func() error { return s.Sync(f, 0, mib, false) }, syscall.EIO},
	} {
		Inject(func(Op) error { return c.answer })
		err := c.call()
		Inject(nil)
		if !errors.Is(err, c.want) || !errors.Is(err, c.answer) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
