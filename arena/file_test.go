// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// An entry is an element of a list in a file. The newest is the first.
type entry struct {
	Next  Ref[entry]
	Name  StringRef
	Score int64
	Tags  SliceRef[uint16]
}

type catalogue struct {
	First Ref[entry]
	Count int64
}

func openFile(t testing.TB, path string, o FileOptions) *File {
	t.Helper()
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		vm.Inject(nil)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func rootOf[T any](t testing.TB, s Store) *T {
	t.Helper()
	root, err := Root[T](s)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// addEntry adds an entry at the front of the list.
func addEntry(t testing.TB, s Store, i int64) {
	t.Helper()
	root := rootOf[catalogue](t, s)
	r, err := NewRef[entry](s)
	if err != nil {
		t.Fatal(err)
	}
	e := r.Get(s)
	if e.Score != 0 || !e.Next.IsNil() {
		t.Fatalf("a new entry is not zero: %+v", *e)
	}
	if e.Name, err = NewStringRef(s, fmt.Sprintf("entry %d", i)); err != nil {
		t.Fatal(err)
	}
	for k := range i % 5 {
		if e.Tags, err = AppendRef(s, e.Tags, uint16(i+k)); err != nil {
			t.Fatal(err)
		}
	}
	e.Score, e.Next = i, root.First
	root.First = r
	root.Count++
}

// checkEntries checks a list of n entries.
func checkEntries(t testing.TB, s Store, n int64) {
	t.Helper()
	root := rootOf[catalogue](t, s)
	if root.Count != n {
		t.Fatalf("the root counts %d entries, want %d", root.Count, n)
	}
	i := n
	for e := root.First.Get(s); e != nil; e = e.Next.Get(s) {
		i--
		tags := e.Tags.Get(s)
		if e.Score != i || e.Name.Get(s) != fmt.Sprintf("entry %d", i) || int64(len(tags)) != i%5 {
			t.Fatalf("entry %d: score %d, name %q, %d tags", i, e.Score, e.Name.Get(s), len(tags))
		}
		for k, tag := range tags {
			if tag != uint16(i)+uint16(k) {
				t.Fatalf("entry %d: tag %d is %d", i, k, tag)
			}
		}
	}
	if i != 0 {
		t.Fatalf("the list ends at entry %d", i)
	}
}

// TestFileReopened: a reopened file has all changes up to the last Sync, at other
// addresses, and no later changes.
func TestFileReopened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	f := openFile(t, path, FileOptions{})
	for i := range int64(10_000) {
		addEntry(t, f, i)
		if i%3000 == 0 {
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
			checkEntries(t, f, i+1)
		}
	}
	checkEntries(t, f, 10_000)
	base := f.seen.base
	if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	hold, err := fileSpace.MapKind(f.mapping.Size+1<<20, vm.Kind{Access: vm.NoAccess}) // the old address range
	if err == nil {
		defer fileSpace.Release(hold)
	}
	g := openFile(t, path, FileOptions{Verify: true})
	if g.seen.base == base {
		t.Log("it came to the same address")
	}
	checkEntries(t, g, 9001)
	for i := int64(9001); i < 9500; i++ {
		addEntry(t, g, i)
	}
	if err := errors.Join(g.Sync(), g.Verify()); err != nil {
		t.Fatal(err)
	}
	checkEntries(t, g, 9500)
}

// TestFileReadOnly: several Files can read a file at once, and none of them can write.
func TestFileReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	if _, err := Open(path, FileOptions{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	f := openFile(t, path, FileOptions{})
	for i := range int64(100) {
		addEntry(t, f, i)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, FileOptions{}); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	a := openFile(t, path, FileOptions{ReadOnly: true, Verify: true})
	b := openFile(t, path, FileOptions{ReadOnly: true})
	checkEntries(t, a, 100)
	checkEntries(t, b, 100)
	if _, err := NewRef[entry](a); !errors.Is(err, ErrReadOnly) {
		t.Errorf("NewRef: %v", err)
	}
	if err := a.Sync(); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Sync: %v", err)
	}
	err := b.Catch(func() error {
		rootOf[catalogue](t, b).Count = 7
		return nil
	})
	if !errors.Is(err, ErrReadOnly) {
		t.Errorf("a write: %v", err)
	}
}

// TestFileRefused: if an allocation fails, the error has the reason.
func TestFileRefused(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "f"), FileOptions{Capacity: 1 << 20})
	overflow := alloc.ErrInvalidSize
	if bits.UintSize == 32 {
		overflow = alloc.ErrLimit // offsets have 64 bits on 32-bit systems too
	}
	for name, c := range map[string]struct {
		do   func() error
		want error
	}{
		"pointers":       {func() error { _, err := NewRef[*int](f); return err }, alloc.ErrHasPointers},
		"slice pointers": {func() error { _, err := NewSliceRef[string](f, 1, 1); return err }, alloc.ErrHasPointers},
		"root pointers":  {func() error { _, err := Root[[]int](f); return err }, alloc.ErrHasPointers},
		"negative":       {func() error { _, err := NewSliceRef[int](f, -1, 1); return err }, alloc.ErrInvalidSize},
		"length":         {func() error { _, err := NewSliceRef[int](f, 2, 1); return err }, alloc.ErrInvalidSize},
		"overflow":       {func() error { _, err := NewSliceRef[[1 << 20]int64](f, 1, int(^uint(0)>>1)); return err }, overflow},
		"capacity":       {func() error { _, err := NewSliceRef[byte](f, 1<<20, 1<<20); return err }, alloc.ErrLimit},
	} {
		err := c.do()
		var e *FileError
		if !errors.Is(err, c.want) || !errors.As(err, &e) || e.Path != f.path {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if r, err := NewSliceRef[byte](f, 1<<19, 1<<20-dataFloor); err != nil || r.Len() != 1<<19 || r.Cap() != 1<<20-dataFloor {
		t.Errorf("the rest of the file: %v", err)
	}
}

// TestFileRootType: Root refuses a type with another layout, and accepts the same layout
// with other type names.
func TestFileRootType(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f := openFile(t, path, FileOptions{})
	rootOf[catalogue](t, f).Count = 3
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
	g := openFile(t, path, FileOptions{})
	type twin struct { // the same layout as catalogue
		First Ref[entry]
		Count int64
	}
	if root := rootOf[twin](t, g); root.Count != 3 {
		t.Errorf("count %d", root.Count)
	}
	type renamed struct {
		First Ref[entry]
		Total int64
	}
	type otherTarget struct {
		First Ref[catalogue]
		Count int64
	}
	for name, err := range map[string]error{
		"a field renamed":          second(Root[renamed](g)),
		"refs that lead elsewhere": second(Root[otherTarget](g)),
		"another type":             second(Root[int64](g)),
	} {
		if !errors.Is(err, ErrRootType) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestStrayRef: a ref to memory that was not allocated panics with the reason, and so does
// a ref after Close.
func TestStrayRef(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "f"), FileOptions{})
	r, err := NewRef[entry](f)
	if err != nil {
		t.Fatal(err)
	}
	if got := RefTo(f, r.Get(f)); got != r {
		t.Errorf("RefTo: %+v, want %+v", got, r)
	}
	if (Ref[entry]{}).Get(f) != nil || !RefTo[entry](f, nil).IsNil() {
		t.Error("nil is not nil")
	}
	outside := new(entry)
	for name, do := range map[string]func(){
		"behind":     func() { Ref[entry]{off: r.off + 8}.Get(f) },
		"misaligned": func() { Ref[entry]{off: r.off - 31}.Get(f) },
		"in front":   func() { Ref[byte]{off: 8}.Get(f) },
		"far":        func() { Ref[entry]{off: 1 << 60}.Get(f) },
		"slice":      func() { SliceRef[int64]{off: r.off, len: 1 << 62, cap: 1 << 62}.Get(f) },
		"string":     func() { StringRef{off: r.off, len: 1 << 30}.Get(f) },
		"outside":    func() { RefTo(f, outside) },
	} {
		wantStray(t, name, do)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	wantStray(t, "closed", func() { r.Get(f) })
	if _, err := NewRef[entry](f); !errors.Is(err, alloc.ErrClosed) {
		t.Errorf("NewRef after Close: %v", err)
	}
	if err := f.Sync(); !errors.Is(err, alloc.ErrClosed) {
		t.Errorf("Sync after Close: %v", err)
	}
}

func wantStray(t *testing.T, name string, do func()) {
	t.Helper()
	defer func() {
		if e, ok := recover().(*alloc.MisuseError); !ok || !strings.Contains(e.Detail, "which were not allocated") {
			t.Errorf("%s: no *MisuseError but %v", name, e)
		}
	}()
	do()
}

// TestFileCutUnder: if another program shortens the file, the program gets an error and
// does not crash.
func TestFileCutUnder(t *testing.T) {
	if !mapsAhead {
		t.Skip("the memory is not the file's")
	}
	path := filepath.Join(t.TempDir(), "f")
	f := openFile(t, path, FileOptions{})
	r, err := NewSliceRef[byte](f, 1<<20, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	r.Get(f)[0] = 1
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, f.last.dataAt()+1<<16); err != nil {
		t.Fatal(err)
	}
	touch := func() error { r.Get(f)[1<<19]++; return nil }
	if err := f.Catch(touch); !errors.Is(err, ErrTruncated) {
		t.Errorf("Catch: %v", err)
	}
	if err := alloc.Catch(func() { _ = touch() }); !errors.Is(err, ErrTruncated) {
		t.Errorf("Catch: %v", err)
	}
	if err := f.Close(); !errors.Is(err, ErrTruncated) {
		t.Errorf("Close: %v", err)
	}
}

// TestFileGrows: addresses stay the same across commits, and new memory is zero.
func TestFileGrows(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "f"), FileOptions{})
	first, err := NewSliceRef[byte](f, 10, 10)
	if err != nil {
		t.Fatal(err)
	}
	at := &first.Get(f)[0]
	for n := 100; n < 8<<20; n *= 3 {
		r, err := NewSliceRef[byte](f, n, n)
		if err != nil {
			t.Fatal(err)
		}
		for i, b := range r.Get(f) {
			if b != 0 {
				t.Fatalf("byte %d of %d is %d", i, n, b)
			}
		}
		for i := range r.Get(f) {
			r.Get(f)[i] = 0xee
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	if at != &first.Get(f)[0] {
		t.Error("what was allocated has moved")
	}
	if err := f.Verify(); err != nil {
		t.Error(err)
	}
	if s := f.Stats(); s.Used < 8<<20/3 || s.Used+s.Free != s.Reserved {
		t.Errorf("%+v", s)
	}
}
