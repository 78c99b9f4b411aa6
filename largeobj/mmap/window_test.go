// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"os"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// openFile opens a file and closes it at the end of the test.
func openFile(t *testing.T, path string, flag int) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, flag, 0)
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// TestMapOpenFile: a region of an open file works after the file's name is removed and the
// descriptor is closed.
func TestMapOpenFile(t *testing.T) {
	for _, mode := range []FileMode{FileReadOnly, FileShared, FileCopyOnWrite} {
		t.Run(mode.String(), func(t *testing.T) {
			balanced(t)
			text := make([]byte, 20_000)
			paint(text)
			path := newFile(t, text)
			f := openFile(t, path, os.O_RDWR)
			other := openFile(t, path, os.O_RDONLY)
			if vm.Able(vm.Permissions) { // else a file that package os has open cannot be removed
				must(t, os.Remove(path))
			}
			r, err := MapOpenFile(f, FileOptions{Mode: mode})
			closeLater(t, r, err)
			must(t, f.Close())
			painted(t, r.Bytes())
			if r.Len() != len(text) || r.Name() != path {
				t.Errorf("%d bytes of %q", r.Len(), r.Name())
			}
			if mode == FileReadOnly {
				return
			}
			r.Bytes()[7] = 200
			if mode == FileShared {
				must(t, r.Resize(30_000))
			}
			b := make([]byte, 8)
			if _, err := other.ReadAt(b, 0); err != nil || (b[7] == 200) != (mode == FileShared) {
				t.Errorf("the file has %v, %v", b, err)
			}
			if info, err := other.Stat(); err != nil || info.Size() != int64(r.Len()) {
				t.Errorf("the file has %d bytes, the region %d: %v", info.Size(), r.Len(), err)
			}
		})
	}
}

func TestMapOpenFileRefuses(t *testing.T) {
	vm.Require(t, vm.Files|vm.SharedMemory)
	balanced(t)
	path := newFile(t, make([]byte, 100))
	closed := openFile(t, path, os.O_RDWR)
	must(t, closed.Close())
	directory, err := os.Open(t.TempDir())
	must(t, err)
	defer directory.Close()
	for name, c := range map[string]struct {
		f *os.File
		o FileOptions
	}{
		"nil":       {nil, FileOptions{}},
		"closed":    {closed, FileOptions{}},
		"directory": {directory, FileOptions{}},
		"Create":    {openFile(t, path, os.O_RDWR), FileOptions{Mode: FileShared, Create: true}},
	} {
		if r, err := MapOpenFile(c.f, c.o); r != nil || !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := MapInherited(nil, SharedOptions{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("MapInherited(nil): %v", err)
	}
	object, err := closeLater(t, mapped(t, 1), nil).File()
	if object != nil || !errors.Is(err, ErrInvalid) {
		t.Errorf("File of private memory: %v", err)
	}
	object, err = share(t, "", 100, SharedOptions{}).File()
	must(t, err)
	defer object.Close()
	for name, o := range map[string]SharedOptions{"MustCreate": {Open: MustCreate}, "Unlink": {Unlink: true}} {
		if r, err := MapInherited(object, o); r != nil || !errors.Is(err, ErrInvalid) {
			t.Errorf("MapInherited, %s: %v", name, err)
		}
	}
}

// A window beyond the end of a file shows what others append, as soon as they have.
func TestMapBeyondEnd(t *testing.T) {
	const window = 1 << 20
	for _, mode := range []FileMode{FileReadOnly, FileShared, FileCopyOnWrite} {
		t.Run(mode.String(), func(t *testing.T) {
			balanced(t)
			path := newFile(t, []byte("first "))
			r, err := MapFile(path, FileOptions{Mode: mode, Length: window, Beyond: true})
			closeLater(t, r, err)
			at := func(i int) (b byte, err error) {
				err = r.Catch(func(bytes []byte) error { b = bytes[i]; return nil })
				return b, err
			}
			if b, err := at(0); r.Len() != window || b != 'f' || err != nil {
				t.Errorf("%d bytes, the first is %q, %v", r.Len(), b, err)
			}
			last := 100_000 + len("first ") - 1
			if _, err := at(last); !errors.Is(err, ErrTruncated) {
				t.Errorf("beyond the end: %v", err)
			}
			f := openFile(t, path, os.O_WRONLY|os.O_APPEND)
			text := make([]byte, 100_000)
			paint(text)
			_, err = f.Write(text)
			must(t, err)
			if b, err := at(last); b != text[len(text)-1] || err != nil {
				t.Errorf("the last byte is %d, %v", b, err)
			}
			must(t, r.Resize(2*window))
			must(t, r.Resize(50_000))
			if info, err := f.Stat(); err != nil || info.Size() != int64(last)+1 {
				t.Errorf("the file has %d bytes, %v", info.Size(), err)
			}
		})
	}
}

// A new file can have a window that is longer than the file, and grow into it.
func TestCreateBeyondEnd(t *testing.T) {
	balanced(t)
	path := t.TempDir() + "/new"
	r, err := MapFile(path, FileOptions{Mode: FileShared, Create: true, Length: 1 << 20, Beyond: true})
	closeLater(t, r, err)
	if err := r.Catch(func(b []byte) error { b[0] = 1; return nil }); !errors.Is(err, ErrTruncated) {
		t.Errorf("writing to an empty file: %v", err)
	}
	must(t, os.Truncate(path, 5000))
	must(t, r.Catch(func(b []byte) error { b[4999] = 1; return nil }))
	if info, err := os.Stat(path); err != nil || info.Size() != 5000 {
		t.Errorf("the file has %d bytes, %v", info.Size(), err)
	}
}
