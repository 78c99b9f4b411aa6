// SPDX-License-Identifier: Apache-2.0

//go:build !plan9

package mmap

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// once makes the first call to the kernel of kind op fail, after running f.
func once(t *testing.T, op vm.Op, answer error, f func()) {
	done := false
	vm.Inject(func(o vm.Op) error {
		if o != op || done {
			return nil
		}
		done = true
		f()
		return answer
	})
	t.Cleanup(func() { vm.Inject(nil) })
}

// appendTo appends to a file, as a program without a region does.
func appendTo(t *testing.T, path, text string) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, errors.Join(err, f.Close()))
}

// If a region fails to make a file longer, what another program appended meanwhile stays:
// the failing call takes away only what it added.
func TestGrowthFailsBesideAppend(t *testing.T) {
	const first, appended = "first bytes", "appended meanwhile"
	for _, c := range []struct {
		name   string
		op     vm.Op
		answer error
	}{
		{"no space", vm.OpAllocate, syscall.ENOSPC},
		{"no memory for Resize", vm.OpRemap, syscall.ENOMEM},
		{"no memory for MapFile", vm.OpMap, syscall.ENOMEM},
	} {
		t.Run(c.name, func(t *testing.T) {
			balanced(t)
			path := newFile(t, []byte(first))
			r, err := MapFile(path, FileOptions{Mode: FileShared})
			closeLater(t, r, err)
			once(t, c.op, c.answer, func() { appendTo(t, path, appended) })
			if c.op == vm.OpMap {
				_, err = MapFile(path, FileOptions{Mode: FileShared, Length: 100_000})
			} else {
				err = r.Resize(100_000)
			}
			if !errors.Is(err, c.answer) || r.Len() != len(first) {
				t.Errorf("%v, and the region has %d bytes", err, r.Len())
			}
			text, err := os.ReadFile(path)
			must(t, err)
			if got := strings.ReplaceAll(string(text), "\x00", ""); got != first+appended {
				t.Errorf("the file says %q", got)
			}
		})
	}
}

// A file that MapFile made and could not map is removed, unless somebody else has
// written to it meanwhile.
func TestMadeFileFails(t *testing.T) {
	vm.Require(t, vm.Files)
	balanced(t)
	closeLater(t, mapped(t, 1), nil)
	for _, other := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "file")
		once(t, vm.OpAllocate, syscall.ENOSPC, func() {
			if other {
				appendTo(t, path, "another's")
			}
		})
		_, err := MapFile(path, FileOptions{Mode: FileShared, Create: true, Length: 100_000})
		if !errors.Is(err, ErrNoSpace) {
			t.Errorf("MapFile: %v", err)
		}
		text, err := os.ReadFile(path)
		switch {
		case other && (err != nil || string(text) != "another's"):
			t.Errorf("the file says %q, %v", text, err)
		case !other && !errors.Is(err, fs.ErrNotExist):
			t.Errorf("left behind: %q, %v", text, err)
		}
	}
}

// TestNothingIsLeftOfALateFailure: if a call fails after it made a file longer or gave it a
// name, it undoes both.
func TestNothingIsLeftOfALateFailure(t *testing.T) {
	vm.Require(t, vm.Files|vm.SharedMemory)
	balanced(t)
	closeLater(t, mapped(t, 1), nil)
	locked := Options{Lock: true}
	refuse(vm.OpLock)
	defer vm.Inject(nil)
	made := filepath.Join(t.TempDir(), "file")
	if _, err := MapFile(made, FileOptions{Mode: FileShared, Create: true, Length: 9000, Options: locked}); err == nil {
		t.Error("MapFile with Create: no error")
	}
	if _, err := os.Stat(made); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file that was made: %v", err)
	}
	refuse(vm.OpFlock)
	if _, err := MapFile(made, FileOptions{Mode: FileShared, Create: true, Length: 9000}); err == nil {
		t.Error("MapFile with Create, without a lock: no error")
	}
	if _, err := os.Stat(made); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file that was made without a lock: %v", err)
	}
	refuse(vm.OpLock)
	path := newFile(t, []byte("text"))
	if _, err := MapFile(path, FileOptions{Mode: FileShared, Length: 9000, Options: locked}); err == nil {
		t.Error("MapFile: no error")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "text" {
		t.Errorf("the file says %.20q, %v", text, err)
	}
	name := sharedName(t)
	if _, err := MapShared(name, 9000, SharedOptions{Options: locked}); err == nil {
		t.Error("MapShared: no error")
	}
	if err := RemoveShared(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the shared object: %v", err)
	}
}

// The directory entry of a file that MapFile made is on the disk when it returns.
func TestMadeFileIsStored(t *testing.T) {
	balanced(t)
	path := filepath.Join(t.TempDir(), "file")
	stores := func() uint64 { return space.Calls(vm.OpStore) }
	o := FileOptions{Mode: FileShared, Create: true, Length: 100}
	for _, want := range []uint64{1, 0} { // made, and found
		before := stores()
		r, err := MapFile(path, o)
		closeLater(t, r, err)
		if n := stores() - before; n != want {
			t.Errorf("%d stores, want %d", n, want)
		}
	}
}
