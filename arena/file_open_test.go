// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestOpenModes: Open makes a file only if its options say so.
func TestOpenModes(t *testing.T) {
	incomplete := func() []byte { // the second header and half of the first are missing
		f := &File{options: FileOptions{Capacity: 1 << 20}}
		if err := f.newHeader(); err != nil {
			t.Fatal(err)
		}
		return append(append(f.last.encode()[:sectorSize], make([]byte, filePage-sectorSize)...), make([]byte, filePage)...)
	}
	arena := func() []byte {
		path := filepath.Join(t.TempDir(), "f")
		if err := filledFile(t, path, 100).Close(); err != nil {
			t.Fatal(err)
		}
		image, _ := os.ReadFile(path)
		return image
	}
	text := func() []byte { return []byte("no arena") }
	zeros := func() []byte { return make([]byte, 2*filePage) }
	none := func() []byte { return nil }
	empty := func() []byte { return []byte{} }
	for _, c := range []struct {
		name    string
		content func() []byte
		options FileOptions
		want    error
		made    bool
	}{
		{"no file", none, FileOptions{}, nil, true},
		{"no file", none, FileOptions{Open: MustCreate}, nil, true},
		{"no file", none, FileOptions{Open: MustExist}, fs.ErrNotExist, false},
		{"no file", none, FileOptions{ReadOnly: true}, fs.ErrNotExist, false},
		{"0 bytes", empty, FileOptions{}, nil, true},
		{"0 bytes", empty, FileOptions{Open: MustCreate}, fs.ErrExist, false},
		{"0 bytes", empty, FileOptions{Open: MustExist}, ErrTruncated, false},
		{"0 bytes", empty, FileOptions{ReadOnly: true}, ErrTruncated, false},
		{"torn", incomplete, FileOptions{}, nil, true},
		{"torn", incomplete, FileOptions{Open: MustExist}, ErrTruncated, false},
		{"torn", incomplete, FileOptions{Open: MustCreate}, fs.ErrExist, false},
		{"torn", incomplete, FileOptions{ReadOnly: true}, ErrTruncated, false},
		{"zeros", zeros, FileOptions{}, nil, true},
		{"arena", arena, FileOptions{}, nil, false},
		{"arena", arena, FileOptions{Open: MustExist}, nil, false},
		{"arena", arena, FileOptions{Open: MustCreate}, fs.ErrExist, false},
		{"text", text, FileOptions{}, ErrForeign, false},
		{"text", text, FileOptions{Open: MustExist}, ErrForeign, false},
		{"mode", none, FileOptions{Open: 7}, fs.ErrInvalid, false},
		{"read-only new", none, FileOptions{Open: MustCreate, ReadOnly: true}, fs.ErrInvalid, false},
		{"permissions", none, FileOptions{Permissions: fs.ModeDir}, fs.ErrInvalid, false},
		{"capacity", none, FileOptions{Capacity: -1}, alloc.ErrInvalidSize, false},
		{"capacity", none, FileOptions{Capacity: 1 << 62}, alloc.ErrInvalidSize, false},
	} {
		path := filepath.Join(t.TempDir(), "f")
		before := c.content()
		if before != nil {
			if err := os.WriteFile(path, before, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		f, err := Open(path, c.options)
		if !errors.Is(err, c.want) {
			t.Errorf("%s, %+v: %v, want %v", c.name, c.options, err, c.want)
		}
		if err == nil {
			if made := f.last.Sequence == 1; made != c.made {
				t.Errorf("%s, %+v: made %v", c.name, c.options, made)
			}
			err = f.Close()
		} else if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s, %+v: Open failed and changed the file", c.name, c.options)
		}
		if err != nil && c.want == nil {
			t.Error(err)
		}
	}
}

// TestOpenUnmapped: if the process cannot have the address space, the error names the
// option, and Open leaves no file. A smaller Capacity helps, for an existing file too.
func TestOpenUnmapped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	limit := func(op vm.Op) error {
		if op == vm.OpMap {
			return syscall.ENOMEM
		}
		return nil
	}
	vm.Inject(limit)
	defer vm.Inject(nil)
	_, err := Open(path, FileOptions{})
	if !errors.Is(err, alloc.ErrOutOfMemory) || !strings.Contains(err.Error(), "FileOptions.Capacity") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was left behind: %v", err)
	}
	vm.Inject(nil)
	if err := filledFile(t, path, 1<<20).Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ capacity, want int64 }{{0, 16 << 20}, {1 << 30, 16 << 20}, {2 << 20, 2 << 20}, {1, 1<<20 + 1<<16}} {
		f := openFile(t, path, FileOptions{Capacity: c.capacity})
		if s := f.Stats(); s.Reserved != c.want || int64(f.mapping.Size) != c.want {
			t.Errorf("Capacity %d: %d bytes, mapped %d, want %d", c.capacity, s.Reserved, f.mapping.Size, c.want)
		}
		if _, err := NewSliceRef[byte](f, int(c.want), int(c.want)); !errors.Is(err, alloc.ErrLimit) {
			t.Errorf("more than is mapped: %v", err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOpenRefusedLeavesNothing makes each call of the first Open fail. No file may be left.
func TestOpenRefusedLeavesNothing(t *testing.T) {
	for at := 1; ; at++ {
		path, calls := filepath.Join(t.TempDir(), "f"), 0
		vm.Inject(func(op vm.Op) error {
			if calls++; calls == at {
				return syscall.EIO
			}
			return nil
		})
		f, err := Open(path, FileOptions{Capacity: 1 << 20})
		vm.Inject(nil)
		if err == nil {
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			return
		}
		if g, err := Open(path, FileOptions{}); err != nil {
			t.Errorf("call %d failed, and then: %v", at, err)
		} else if err := g.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestCloseUnlocks: after Close the file can be opened, even if a child process between
// fork and exec still has a copy of the descriptor.
func TestCloseUnlocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f := openFile(t, path, FileOptions{})
	child, err := fileSpace.Dup(f.file.Fd(), "child")
	if err != nil {
		t.Fatal(err)
	}
	defer fileSpace.CloseFile(child)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	openFile(t, path, FileOptions{})
}

// TestRootRace: if goroutines call Root with different types at once, one type wins.
func TestRootRace(t *testing.T) {
	type number struct{ X uint64 }
	type fraction struct{ Y [1]float64 }
	for range 200 {
		f := openFile(t, filepath.Join(t.TempDir(), "f"), FileOptions{NoStore: true, Capacity: 1 << 20})
		var wait sync.WaitGroup
		var ready, won atomic.Int32
		for _, root := range []func() error{
			func() error { return second(Root[number](f)) },
			func() error { return second(Root[fraction](f)) },
		} {
			wait.Go(func() {
				for ready.Add(1); ready.Load() < 2; {
				}
				switch err := root(); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, ErrRootType):
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d types have the root", won.Load())
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCloneOfStores: Clone copies memory of a File or a SharedArena until it is closed.
func TestCloneOfStores(t *testing.T) {
	shared, err := OpenShared("", SharedOptions{Size: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	f := openFile(t, filepath.Join(t.TempDir(), "f"), FileOptions{})
	for name, s := range map[string]interface {
		Store
		Close() error
	}{"File": f, "SharedArena": shared} {
		r, err := NewRef[point](s)
		if err != nil {
			t.Fatal(err)
		}
		text, err := NewStringRef(s, "hello")
		if err != nil {
			t.Fatal(err)
		}
		p := r.Get(s)
		p.X = 3
		c, u := Clone(p), Clone(text.Get(s))
		if c == p || c.X != 3 || stringAddr(u) == stringAddr(text.Get(s)) {
			t.Errorf("%s: Clone returns what is in the store", name)
		}
		at := addr(p)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if storeMemory.contains(at) || u != "hello" || c.X != 3 {
			t.Errorf("%s: after Close %v, %q", name, c, u)
		}
	}
}
