// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// filledFile makes a file whose root is a slice of the given number of bytes, all of them
// 7.
func filledFile(t *testing.T, path string, size int) *File {
	t.Helper()
	f, err := Open(path, FileOptions{Capacity: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	root := rootOf[SliceRef[byte]](t, f)
	if *root, err = NewSliceRef[byte](f, size, size); err != nil {
		t.Fatal(err)
	}
	for i := range root.Get(f) {
		root.Get(f)[i] = 7
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFileCut: after another program has cut an open file, no operation makes the file look
// complete.
func TestFileCut(t *testing.T) {
	const size = 3 << 20
	for name, do := range map[string]func(f *File) error{
		"Close": func(f *File) error { return nil },
		"Sync": func(f *File) error {
			_ = f.Catch(func() error { // the memory may be lost
				rootOf[SliceRef[byte]](t, f).Get(f)[0]++
				return nil
			})
			return f.Sync()
		},
		"Sync of nothing": func(f *File) error { return f.Sync() },
		"growth":          func(f *File) error { return second(NewSliceRef[byte](f, 5<<20, 5<<20)) },
		"Verify":          func(f *File) error { return f.Verify() },
	} {
		for cut, want := range map[string]error{"in the data": ErrTruncated, "to 0 bytes": ErrTruncated, "beyond the data": nil} {
			t.Run(name+" "+cut, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "f")
				f := filledFile(t, path, size)
				if _, err := NewSliceRef[byte](f, 1<<20, 1<<20); err != nil { // not committed
					t.Fatal(err)
				}
				to := map[string]int64{"in the data": f.last.end() - 2<<20, "to 0 bytes": 0, "beyond the data": f.last.end()}[cut]
				if err := os.Truncate(path, to); err != nil {
					t.Fatal(err)
				}
				whole := name == "Verify" && want == nil // all committed data are in the file
				if err := do(f); name != "Close" && !whole && !errors.Is(err, ErrTruncated) {
					t.Errorf("%v", err)
				}
				if err := f.Close(); !errors.Is(err, ErrTruncated) && f.broken == nil {
					t.Errorf("Close: %v", err)
				}
				if info, err := os.Stat(path); err != nil || info.Size() != to {
					t.Errorf("the file has %d bytes after it was cut to %d", info.Size(), to)
				}
				g, err := Open(path, FileOptions{Open: MustExist, Verify: true})
				if !errors.Is(err, want) {
					t.Errorf("Open: %v, want %v", err, want)
				}
				if err == nil {
					if b := rootOf[SliceRef[byte]](t, g).Get(g); b[0] != 7 || b[size-1] != 7 {
						t.Error("Open accepts a file that was cut")
					}
					if err := g.Close(); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}

// TestFileCutMeanwhile cuts a file after each call of a commit. Sync must return an error,
// and Open may accept only a committed state. If the cut comes before the commit and the
// file keeps all that the last commit needs, Open must accept the file.
func TestFileCutMeanwhile(t *testing.T) {
	for at := 1; ; at++ {
		a := cutMeanwhile(t, at, func(f *File) int64 { return f.last.place(3) }, false)
		b := cutMeanwhile(t, at, func(f *File) int64 { return f.last.end() }, true)
		if a && b {
			return
		}
	}
}

// cutMeanwhile cuts a file after call number at of a commit. It reports whether there were
// fewer calls.
func cutMeanwhile(t *testing.T, at int, length func(*File) int64, kept bool) (done bool) {
	t.Helper()
	const size, edge = 1 << 20, 3 * filePage
	changed := func(i int) bool { return i < edge || i >= size-edge }
	path := filepath.Join(t.TempDir(), "f")
	f := filledFile(t, path, size)
	if kept { // something beyond what the last commit needs
		if _, err := NewSliceRef[byte](f, 1<<16, 1<<16); err != nil {
			t.Fatal(err)
		}
	}
	memory := rootOf[SliceRef[byte]](t, f).Get(f)
	for i := range memory {
		if changed(i) {
			memory[i] = 8
		}
	}
	calls, cut, marked := 0, false, false
	diskLog = func(_ string, c diskCall) {
		marked = marked || !cut && c.kind == diskWrite && c.at == filePage
		if calls++; calls == at {
			info, err := os.Stat(path)
			if cut = err == nil && info.Size() > length(f); cut {
				err = os.Truncate(path, length(f))
			}
			if err != nil {
				t.Error(err)
			}
		}
	}
	err := f.Sync()
	diskLog = nil
	closed := f.Close()
	name := fmt.Sprintf("cut after call %d: Sync: %v, Close: %v", at, err, closed)
	if cut && !errors.Is(err, ErrTruncated) && !errors.Is(closed, ErrTruncated) || !cut && errors.Join(err, closed) != nil {
		t.Error(name)
	}
	g, err := Open(path, FileOptions{Open: MustExist})
	switch {
	case err == nil:
		b := rootOf[SliceRef[byte]](t, g).Get(g)
		for i, v := range b {
			if changed(i) && v != b[0] || !changed(i) && v != 7 || b[0] != 7 && b[0] != 8 {
				t.Errorf("%s: Open accepts a file with %d at %d", name, v, i)
				break
			}
		}
		_ = g.Close()
	case !isDamage(err) || kept && !marked:
		t.Errorf("%s: Open: %v", name, err)
	}
	return calls < at
}

// TestFileLengthened: another program appends to an open file. New memory is zero all the
// same, and the file stays sound.
func TestFileLengthened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f := openFile(t, path, FileOptions{Capacity: 16 << 20, NoStore: true})
	for size := 64 << 10; size <= 4<<20; size *= 2 {
		other, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err == nil {
			_, err = other.WriteString("another program's")
			err = errors.Join(err, other.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		r, err := NewSliceRef[byte](f, size, size)
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(string(r.Get(f)), func(c rune) bool { return c != 0 }); i >= 0 {
			t.Fatalf("byte %d of %d new ones is not zero", i, size)
		}
		if err := errors.Join(f.Sync(), f.Verify()); err != nil {
			t.Fatal(err)
		}
	}
}
