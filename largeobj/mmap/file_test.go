// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

func TestMapFileModes(t *testing.T) {
	text := bytes.Repeat([]byte("squared stone, cut to size\n"), 1000)
	for _, c := range []struct {
		mode           FileMode
		writes, stored bool
	}{
		{FileReadOnly, false, false},
		{FileShared, true, true},
		{FileCopyOnWrite, true, false},
	} {
		t.Run(c.mode.String(), func(t *testing.T) {
			balanced(t)
			path := newFile(t, text)
			r, err := MapFile(path, FileOptions{Mode: c.mode})
			closeLater(t, r, err)
			if !bytes.Equal(r.Bytes(), text) {
				t.Fatal("other bytes than the file's")
			}
			err = r.Catch(func(b []byte) error { b[5000] = 'X'; return nil })
			if c.writes != (err == nil) || !c.writes && !errors.Is(err, ErrReadOnly) {
				t.Errorf("writing: %v", err)
			}
			must(t, r.Close())
			now, err := os.ReadFile(path)
			must(t, err)
			if stored := !bytes.Equal(now, text); stored != c.stored {
				t.Errorf("stored in the file: %v", stored)
			}
		})
	}
}

func TestMapFileWindow(t *testing.T) {
	text := make([]byte, 100_000)
	paint(text)
	path := newFile(t, text)
	for _, c := range []struct {
		off    int64
		length int
	}{
		{0, 100}, {1, 100}, {4095, 2}, {4096, 4096}, {5000, 0}, {8192, 0}, {99_999, 1}, {100_000, 0},
	} {
		for _, guards := range []bool{false, true} {
			if guards && !vm.PlacesFiles() {
				continue
			}
			balanced(t)
			r, err := MapFile(path, FileOptions{Offset: c.off, Length: c.length, Options: Options{GuardPages: guards}})
			closeLater(t, r, err)
			end := len(text)
			if c.length > 0 {
				end = int(c.off) + c.length
			}
			if !bytes.Equal(r.Bytes(), text[c.off:end]) {
				t.Errorf("%+v: other bytes than the file's", c)
			}
			if c.off+200 < int64(len(text)) && c.length > 0 {
				must(t, r.Resize(200))
				if !bytes.Equal(r.Bytes(), text[c.off:c.off+200]) {
					t.Errorf("%+v, resized: other bytes than the file's", c)
				}
			}
			if err := r.Resize(len(text) + 1); !errors.Is(err, ErrTruncated) {
				t.Errorf("%+v: Resize beyond the file: %v", c, err)
			}
		}
	}
	for _, mode := range []FileMode{FileReadOnly, FileCopyOnWrite} {
		if _, err := MapFile(path, FileOptions{Length: len(text) + 1, Mode: mode}); !errors.Is(err, ErrTruncated) {
			t.Errorf("%v beyond the file: %v", mode, err)
		}
	}
}

// An offset may exceed an address space of 32 bits.
func TestMapFileFar(t *testing.T) {
	balanced(t)
	const far = 5<<30 + 123
	path := newFile(t, nil)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt([]byte("far"), far)
	must(t, errors.Join(err, f.Close()))
	r, err := MapFile(path, FileOptions{Offset: far, Mode: FileShared})
	closeLater(t, r, err)
	if string(r.Bytes()) != "far" {
		t.Errorf("the file says %q", r.Bytes())
	}
	must(t, r.Resize(100_000))
	if info, err := os.Stat(path); err != nil || info.Size() != far+100_000 {
		t.Errorf("%v, %v", info, err)
	}
	if whole, err := MapFile(path, FileOptions{}); err == nil {
		must(t, whole.Close()) // 64 bits
	} else if !errors.Is(err, ErrOutOfMemory) {
		t.Errorf("of the whole: %v", err)
	}
}

// These are the lengths of the file after each step.
func TestMapFileLength(t *testing.T) {
	for _, sparse := range []bool{false, true} {
		balanced(t)
		path := filepath.Join(t.TempDir(), "file")
		size := func(want int64) {
			t.Helper()
			if info, err := os.Stat(path); err != nil || info.Size() != want {
				t.Fatalf("%v, %v, want %d bytes", info, err, want)
			}
		}
		o := FileOptions{Mode: FileShared, Length: 10_000, Sparse: sparse}
		if _, err := MapFile(path, o); !errors.Is(err, fs.ErrNotExist) {
			if errors.Is(err, ErrUnsupported) {
				t.Skip(err)
			}
			t.Fatalf("a file that does not exist: %v", err)
		}
		o.Create = true
		r, err := MapFile(path, o)
		closeLater(t, r, err)
		size(10_000)
		must(t, r.Resize(20_000))
		size(20_000)
		must(t, r.Resize(5000))
		size(5000)
		again, err := MapFile(path, FileOptions{Mode: FileShared, Offset: 4000, Length: 9000, Create: true})
		closeLater(t, again, err)
		size(13_000)
		must(t, r.Resize(4500)) // does not reach the end
		size(13_000)
		if !vm.Able(vm.FilesAhead) { // r shows the file, too, which therefore cannot be cut off
			if err := again.Resize(100); !errors.Is(err, ErrUnsupported) || again.Len() != 9000 {
				t.Errorf("%v, %d bytes", err, again.Len())
			}
			size(13_000)
			must(t, r.Close())
		}
		must(t, again.Resize(100))
		size(4100)
		info, err := os.Stat(path)
		must(t, err)
		if vm.Able(vm.Permissions) && info.Mode().Perm()&^0o600 != 0 {
			t.Errorf("permissions %v", info.Mode())
		}
	}
}

// A call that fails leaves no new file, and leaves an old file as long as it was.
func TestMapFileFails(t *testing.T) {
	vm.Require(t, vm.Files)
	balanced(t)
	path := filepath.Join(t.TempDir(), "file")
	o := FileOptions{Mode: FileShared, Length: 100_000, Create: true}
	refuse(vm.OpMap)
	defer vm.Inject(nil)
	if _, err := MapFile(path, o); !errors.Is(err, ErrOutOfMemory) {
		t.Errorf("MapFile: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file: %v", err)
	}
	must(t, os.WriteFile(path, []byte("text"), 0o600))
	if _, err := MapFile(path, o); !errors.Is(err, ErrOutOfMemory) {
		t.Errorf("MapFile: %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "text" {
		t.Errorf("the file says %d bytes, %v", len(text), err)
	}
}

// If somebody else makes a file shorter, reading beyond its end is an error, until the
// file is longer again.
func TestMapFileTruncated(t *testing.T) {
	vm.Require(t, vm.FilesAhead)
	balanced(t)
	text := make([]byte, 100_000)
	paint(text)
	path := newFile(t, text)
	r, err := MapFile(path, FileOptions{Offset: 100})
	closeLater(t, r, err)
	sum := func(b []byte) (n int) {
		for _, c := range b {
			n += int(c)
		}
		return n
	}
	want, got, after := sum(text[100:]), 0, false
	add := func(b []byte) error { got = sum(b); after = true; return nil }
	must(t, r.Catch(add))
	if got != want {
		t.Errorf("the sum is %d, want %d", got, want)
	}
	after = false
	must(t, os.Truncate(path, 50_000))
	err = r.Catch(add)
	var f *FaultError
	if !errors.As(err, &f) || !errors.Is(err, ErrTruncated) || !errors.Is(err, ErrFault) || after {
		t.Fatalf("Catch: %v", err)
	}
	if f.Region != path || f.Len != 99_900 || f.Offset < 49_900 || f.Offset > 49_900+os.Getpagesize() {
		t.Errorf("%+v", f)
	}
	if err := Catch(func() error { return add(r.Bytes()) }); !errors.Is(err, ErrTruncated) {
		t.Errorf("Catch, of all regions: %v", err)
	}
	must(t, os.Truncate(path, 100_000))
	must(t, r.Catch(add))
	if want := sum(text[100:50_000]); got != want {
		t.Errorf("the sum is %d, want %d", got, want)
	}
}
