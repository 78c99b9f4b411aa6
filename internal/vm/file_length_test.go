// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// Space beyond the end of a file can be reserved without making the file longer, and it
// stays reserved when the file grows.
func TestPreallocate(t *testing.T) {
	Require(t, Files)
	var s Space
	f := newFile(t, &s, 100)
	lacks(t, s.Preallocate(f, 100, mib))
	must(t, s.Allocate(f, mib, 1))
	if info, err := s.Stat(f); err != nil || info.Size != mib+1 {
		t.Errorf("%+v, %v", info, err)
	}
	must(t, s.Allocate(f, 100, 1))
	if info, err := s.Stat(f); err != nil || info.Size != mib+1 {
		t.Errorf("after Allocate inside the file: %+v, %v", info, err)
	}
}

// Only one open file description has the lock of the length at a time. flock is a
// different lock.
func TestLockLength(t *testing.T) {
	Require(t, Files)
	var s Space
	a := newFile(t, &s, 0)
	lacks(t, s.LockLength(a))
	must(t, s.UnlockLength(a))
	var inside atomic.Int64 // for the race detector, which does not know locks of files
	var done sync.WaitGroup
	for range 4 {
		f, err := s.Open(a.Name(), ForWriting, 0)
		must(t, err)
		must(t, s.LockFile(f, false, false))
		done.Go(func() {
			for range 100 {
				if err := s.LockLength(f); err != nil {
					t.Error(err)
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d goroutines have the lock", n)
				}
				inside.Add(-1)
				if err := s.UnlockLength(f); err != nil {
					t.Error(err)
				}
			}
			if err := s.CloseFile(f); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
}

func TestStoreName(t *testing.T) {
	Require(t, Files)
	var s Space
	f := newFile(t, &s, 0)
	must(t, s.StoreName(f.Name()))
	if err := s.StoreName(filepath.Join(f.Name(), "below", "a file")); err == nil {
		t.Error("StoreName of a file without a directory: no error")
	}
	if err := s.StoreName(filepath.Join(t.TempDir(), "absent", "file")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a directory that does not exist: %v", err)
	}
	for _, op := range []Op{OpOpen, OpStore, OpClose} {
		stop := fail(t, op, 0)
		if err := s.StoreName(f.Name()); !errors.Is(err, errInjected) {
			t.Errorf("%v fails: %v", op, err)
		}
		stop()
	}
}
