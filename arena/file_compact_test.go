// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// shelf is the root of the tests of Compact.
type shelf struct {
	Books [8]SliceRef[byte]
	First Ref[book]
	Last  AtomicRef[book]
	Name  StringRef
	Lists SliceRef[SliceRef[uint32]]
}

type book struct {
	inner struct{ Next Ref[book] }
	Title StringRef
	Pages [3 * filePage]byte
}

func pattern(i, n int) []byte { return bytes.Repeat([]byte{byte(i + 1)}, n) }

// newSlice makes a slice of n bytes with pattern i.
func newSlice(t testing.TB, f *File, i, n int) SliceRef[byte] {
	t.Helper()
	r, err := NewSliceRef[byte](f, n, n)
	if err != nil {
		t.Fatal(err)
	}
	copy(r.Get(f), pattern(i, n))
	return r
}

func compactShelf(t testing.TB, f *File) int64 {
	t.Helper()
	n, err := Compact[shelf](f)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCompact: Compact frees what no ref reaches, in the middle and at the end, and nothing
// else. The file takes less space, and new objects use the free pages.
func TestCompact(t *testing.T) {
	const n = 16 * filePage
	path := filepath.Join(t.TempDir(), "f")
	f := openFile(t, path, FileOptions{Capacity: 1 << 20, NoStore: true})
	root := rootOf[shelf](t, f)
	for i := range root.Books {
		root.Books[i] = newSlice(t, f, i, n)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	before := blocks(t, path)
	kept := root.Books[3].Get(f)
	for _, i := range []int{1, 2, 6, 7} {
		root.Books[i] = SliceRef[byte]{}
	}
	if freed := compactShelf(t, f); freed < 4*n-3*filePage || freed > 4*n {
		t.Errorf("%d bytes were freed, want about %d", freed, 4*n)
	}
	if err := f.Verify(); err != nil {
		t.Error(err)
	}
	if now := blocks(t, path); vm.Able(vm.Holes) && before-now < 4*n-4*filePage {
		t.Errorf("the file took %d bytes of the disk, and %d after Compact", before, now)
	}
	if s := f.Stats(); s.Used > 4*n+2*filePage || s.HighWater > 6*n+filePage || s.Used+s.Free != s.Reserved {
		t.Errorf("%+v", s)
	}
	if again := compactShelf(t, f); again != 0 {
		t.Errorf("a second Compact freed %d bytes", again)
	}
	high := f.Stats().HighWater
	r := newSlice(t, f, 20, n)
	if f.Stats().HighWater != high {
		t.Error("a new object does not use the free pages")
	}
	root.Books[1] = r
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	check := func(f *File) {
		t.Helper()
		root := rootOf[shelf](t, f)
		for i, want := range []int{0, 20, -1, 3, 4, 5, -1, -1} {
			got := root.Books[i].Get(f)
			if want < 0 && got != nil || want >= 0 && !bytes.Equal(got, pattern(want, n)) {
				t.Errorf("book %d has other contents", i)
			}
		}
	}
	check(f)
	if &kept[0] != &root.Books[3].Get(f)[0] {
		t.Error("an object moved")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	g := openFile(t, path, FileOptions{Verify: true})
	check(g)
	if freed := compactShelf(t, g); freed < n-2*filePage {
		t.Errorf("after Open, Compact found %d free bytes", freed)
	}
}

// TestCompactFull: a full file has room again, and what it hands out is zero.
func TestCompactFull(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "f"), FileOptions{Capacity: 1 << 20, NoStore: true})
	root := rootOf[shelf](t, f)
	for round := range 5 {
		n := 0
		for ; ; n++ {
			r, err := NewSliceRef[byte](f, 3*filePage, 3*filePage)
			if errors.Is(err, alloc.ErrLimit) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if i := bytes.IndexFunc(r.Get(f), func(c rune) bool { return c != 0 }); i >= 0 {
				t.Fatalf("round %d: byte %d of a new object is not zero", round, i)
			}
			copy(r.Get(f), pattern(n, 3*filePage))
			if n%5 == round {
				root.Books[round] = r
			}
			if n%9 == 0 {
				if err := f.Sync(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n < 40 {
			t.Fatalf("round %d: only %d objects found room", round, n)
		}
		compactShelf(t, f)
	}
}

// TestCompactZero: free pages are zero, even if memory or the file only seem to be so. Memory
// has a copy of a page that equals the file, which the kernel does not report; and a page has
// the checksum of a page of zeros.
func TestCompactZero(t *testing.T) {
	vm.Inject(silent)
	defer vm.Inject(nil)
	f := openFile(t, filepath.Join(t.TempDir(), "f"), FileOptions{Capacity: 1 << 20, NoStore: true})
	root := rootOf[shelf](t, f)
	root.Books[0] = newSlice(t, f, 0, filePage-int(f.count))
	garbage := newSlice(t, f, 1, 4*filePage).Get(f)
	forgeSum(garbage[:filePage], zeroSum)
	root.Books[1] = newSlice(t, f, 2, filePage)
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	for i := filePage; i < len(garbage); i += filePage {
		garbage[i] = 2 // as it is
	}
	if freed := compactShelf(t, f); freed != 4*filePage {
		t.Errorf("%d bytes were freed", freed)
	}
	again, err := NewSliceRef[byte](f, 4*filePage, 4*filePage)
	if err != nil {
		t.Fatal(err)
	}
	if &again.Get(f)[0] != &garbage[0] {
		t.Error("the free pages are not used")
	}
	for i, b := range again.Get(f) {
		if b != 0 {
			t.Fatalf("byte %d is %d", i, b)
		}
	}
}

// TestCompactReaches: Compact follows all kinds of refs, wherever they are in a type.
func TestCompactReaches(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "f"), FileOptions{Capacity: 4 << 20, NoStore: true})
	root := rootOf[shelf](t, f)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	long := string(bytes.Repeat([]byte("title "), 2*filePage))
	list, err := NewSliceRef[SliceRef[uint32]](f, 3, 5)
	check(err)
	root.Lists = list
	for i := range list.Get(f) {
		newSlice(t, f, 99, 2*filePage) // garbage between all objects
		s, err := NewSliceRef[uint32](f, 2*filePage, 2*filePage)
		check(err)
		for k := range s.Get(f) {
			s.Get(f)[k] = uint32(i + k)
		}
		list.Get(f)[i] = s
	}
	chain := []Ref[book]{}
	for range 5 {
		newSlice(t, f, 99, 2*filePage)
		b, err := NewRef[book](f)
		check(err)
		title, err := NewStringRef(f, long)
		check(err)
		b.Get(f).Title = title
		copy(b.Get(f).Pages[:], pattern(len(chain), 3*filePage))
		if len(chain) > 0 {
			b.Get(f).inner.Next = chain[len(chain)-1]
		}
		chain = append(chain, b)
	}
	chain[0].Get(f).inner.Next = chain[4] // a circle
	if root.Books[0], err = NewSliceRef[byte](f, 1, 6*filePage); err != nil {
		t.Fatal(err)
	}
	root.First, root.Name = chain[2], chain[1].Get(f).Title
	root.Last.Store(chain[4])
	if freed := compactShelf(t, f); freed < 8*filePage {
		t.Errorf("%d bytes were freed", freed)
	}
	var others []SliceRef[byte]
	for range 6 {
		others = append(others, newSlice(t, f, 77, 2*filePage)) // into free pages
	}
	full, err := AppendRef(f, root.Books[0], pattern(5, 5*filePage)...) // into its capacity
	check(err)
	for _, other := range others {
		if !bytes.Equal(other.Get(f), pattern(77, 2*filePage)) {
			t.Error("the capacity of a slice was handed out")
		}
	}
	if got := full.Get(f); got[0] != 0 || !bytes.Equal(got[1:], pattern(5, 5*filePage)) {
		t.Error("what was appended has changed")
	}
	for i, s := range root.Lists.Get(f) {
		for k, n := range s.Get(f) {
			if n != uint32(i+k) {
				t.Fatalf("list %d: number %d is %d", i, k, n)
			}
		}
	}
	b := root.Last.Load()
	for i := 4; i >= 0; i-- {
		if b.Get(f).Title.Get(f) != long || !bytes.Equal(b.Get(f).Pages[:], pattern(i, 3*filePage)) {
			t.Errorf("book %d has changed", i)
		}
		b = b.Get(f).inner.Next
	}
	if root.Name.Get(f) != long {
		t.Error("the name has changed")
	}
}

// TestCompactRefuses: Compact frees nothing if the root has another type, if a ref leads
// nowhere, if the file is read-only, or if there is no root.
func TestCompactRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f := openFile(t, path, FileOptions{Capacity: 1 << 20, NoStore: true})
	newSlice(t, f, 1, 8*filePage)
	used := f.Stats().Used
	if freed := compactShelf(t, f); freed != 0 {
		t.Errorf("without a root %d bytes were freed", freed)
	}
	root := rootOf[shelf](t, f)
	if _, err := Compact[book](f); !errors.Is(err, ErrRootType) {
		t.Errorf("another type of root: %v", err)
	}
	root.First = Ref[book]{off: 1 << 30}
	if _, err := Compact[shelf](f); !errors.Is(err, ErrDamaged) {
		t.Errorf("a wild ref: %v", err)
	}
	if f.Stats().Used < used {
		t.Errorf("Compact failed, and %d of %d bytes are in use", f.Stats().Used, used)
	}
	root.First = Ref[book]{}
	if freed := compactShelf(t, f); freed < 7*filePage {
		t.Errorf("%d bytes were freed", freed)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	g := openFile(t, path, FileOptions{ReadOnly: true})
	if _, err := Compact[shelf](g); !errors.Is(err, ErrReadOnly) {
		t.Errorf("read-only: %v", err)
	}
}
