// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// TestCopy: a copy has the last commit, and the requested capacity.
func TestCopy(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "f"), filepath.Join(dir, "copy")
	f := openFile(t, path, FileOptions{Capacity: historyCapacity, NoStore: true})
	for range 3 {
		if err := errors.Join(advance(f), f.Sync()); err != nil {
			t.Fatal(err)
		}
	}
	if err := advance(f); err != nil { // not committed
		t.Fatal(err)
	}
	for _, capacity := range []int64{0, 64 << 20, 1 << 30, int64(f.last.Used)} {
		if err := f.Copy(copied, CopyOptions{Capacity: capacity}); err != nil {
			t.Fatal(err)
		}
		if err := f.Copy(copied, CopyOptions{}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("over a file: %v", err)
		}
		want := int64(pageUp(uint64(capacity)))
		if capacity == 0 {
			want = historyCapacity
		}
		g := openFile(t, copied, FileOptions{Open: MustExist, Verify: true})
		if n, err := inspectHistory(g); n != 3 || err != nil || g.Stats().Reserved != want || g.last.File == f.last.File {
			t.Errorf("commit %d, %v, capacity %d, want %d", n, err, g.Stats().Reserved, want)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		if capacity != int64(f.last.Used) { // the copy must have room for no more
			if n := reopenedAs(t, copied, want); n != 3 {
				t.Errorf("commit %d", n)
			}
		}
		if err := os.Remove(copied); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Copy(copied, CopyOptions{Capacity: 1}); !errors.Is(err, alloc.ErrInvalidSize) {
		t.Errorf("too small: %v", err)
	}
	if _, err := os.Stat(copied); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a copy that failed was left behind: %v", err)
	}
}

// TestCopyFull: Copy gives a full file a larger capacity while it is open. Its refs stay
// valid.
func TestCopyFull(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "f"), filepath.Join(dir, "copy")
	f := openFile(t, path, FileOptions{Capacity: 1 << 20, NoStore: true})
	root := rootOf[SliceRef[uint64]](t, f)
	var err error
	for i := uint64(0); err == nil; i++ {
		*root, err = AppendRef(f, *root, i)
	}
	if !errors.Is(err, alloc.ErrLimit) {
		t.Fatal(err)
	}
	n := root.Len()
	if err := errors.Join(f.Sync(), f.Copy(copied, CopyOptions{Capacity: 2 << 20}), f.Close(), os.Rename(copied, path)); err != nil {
		t.Fatal(err)
	}
	g := openFile(t, path, FileOptions{Verify: true})
	root = rootOf[SliceRef[uint64]](t, g)
	if *root, err = AppendRef(g, *root, uint64(n)); err != nil || root.Len() != n+1 {
		t.Fatalf("%d elements, %v", root.Len(), err)
	}
	for i, v := range root.Get(g) {
		if v != uint64(i) {
			t.Fatalf("element %d is %d", i, v)
		}
	}
}

// TestCopyMeanwhile commits between any two batches of a copy. The copy must have exactly
// one commit.
func TestCopyMeanwhile(t *testing.T) {
	defer func(n int64) { copyBatch, afterBatch = n, func() {} }(copyBatch)
	copyBatch = 1
	for start := range 12 {
		dir := t.TempDir()
		f := openFile(t, filepath.Join(dir, "f"), FileOptions{Capacity: historyCapacity, NoStore: true})
		for range 3 {
			if err := errors.Join(advance(f), f.Sync()); err != nil {
				t.Fatal(err)
			}
		}
		batches, commits := 0, uint64(3)
		afterBatch = func() {
			if batches++; batches > start && commits < 8 {
				commits++
				if err := errors.Join(advance(f), f.Sync()); err != nil {
					t.Fatal(err)
				}
			}
		}
		copied := filepath.Join(dir, "copy")
		if err := f.Copy(copied, CopyOptions{Capacity: int64(start) << 22, NoStore: true}); err != nil {
			t.Fatal(err)
		}
		g := openFile(t, copied, FileOptions{Open: MustExist, Verify: true, NoStore: true})
		if n, err := inspectHistory(g); n != 3 || err != nil {
			t.Errorf("start %d: commit %d, %v", start, n, err)
		}
		if n, err := inspectHistory(f); n != commits || commits == 3 || err != nil || len(f.copies) != 0 {
			t.Errorf("start %d: the file has commit %d of %d: %v", start, n, commits, err)
		}
	}
}

// TestCopyClosed: a copy fails if the file is closed meanwhile, and leaves no file.
func TestCopyClosed(t *testing.T) {
	defer func() { afterBatch = func() {} }()
	dir := t.TempDir()
	copied := filepath.Join(dir, "copy")
	f := filledFile(t, filepath.Join(dir, "f"), 3<<20)
	afterBatch = func() { _ = f.Close() }
	if err := f.Copy(copied, CopyOptions{}); !errors.Is(err, alloc.ErrClosed) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(copied); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a copy that failed was left behind: %v", err)
	}
}

// TestCopyDamaged: Copy fails if the data are damaged.
func TestCopyDamaged(t *testing.T) {
	dir := t.TempDir()
	f := filledFile(t, filepath.Join(dir, "f"), 1<<20)
	defer f.Close()
	if err := fileSpace.WriteFile(f.file, []byte{1}, f.last.place(7)+100); err != nil {
		t.Fatal(err)
	}
	if err := f.Copy(filepath.Join(dir, "copy"), CopyOptions{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("%v", err)
	}
}
