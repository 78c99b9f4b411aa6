// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// stores calls do with a File and a SharedArena of the given number of bytes.
func stores(t *testing.T, size int, do func(t *testing.T, s Store)) {
	t.Run("File", func(t *testing.T) {
		do(t, openFile(t, filepath.Join(t.TempDir(), "f"), FileOptions{Capacity: int64(size), NoStore: true}))
	})
	t.Run("SharedArena", func(t *testing.T) {
		s, err := OpenShared("", SharedOptions{Size: size})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		do(t, s)
	})
}

// TestAppendRefFills: AppendRef fails only when there is no room, for a slice at the end of
// the store and for one that must be copied.
func TestAppendRefFills(t *testing.T) {
	const size = 1 << 16
	for _, c := range []struct {
		name     string
		elements int // smallest number of elements of the slice in the end
		between  int // bytes allocated after its first element
	}{{"in place", (size - dataFloor) / 8, 0}, {"copied", (size - dataFloor - 100) / 16, 100}} {
		t.Run(c.name, func(t *testing.T) {
			stores(t, size, func(t *testing.T, s Store) {
				r, err := AppendRef(s, SliceRef[uint64]{}, 0)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := NewSliceRef[byte](s, c.between, c.between); c.between > 0 && err != nil {
					t.Fatal(err)
				}
				for i := uint64(1); err == nil; i++ {
					r, err = AppendRef(s, r, i)
				}
				if !errors.Is(err, alloc.ErrLimit) || r.Len() < c.elements {
					t.Errorf("%d elements, want %d: %v", r.Len(), c.elements, err)
				}
				for i, v := range r.Get(s) {
					if v != uint64(i) {
						t.Fatalf("element %d is %d", i, v)
					}
				}
			})
		})
	}
}

// TestAppendRefApart: two slices that grow from the same slice do not write to each other's
// new elements.
func TestAppendRefApart(t *testing.T) {
	stores(t, 1<<16, func(t *testing.T, s Store) {
		r, err := NewSliceRef[byte](s, 3, 3)
		if err != nil {
			t.Fatal(err)
		}
		a, err := AppendRef(s, r, 1, 2)
		b, err2 := AppendRef(s, r, 7)
		if err = errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.Get(s), []byte{0, 0, 0, 1, 2}) || !slices.Equal(b.Get(s), []byte{0, 0, 0, 7}) {
			t.Errorf("%v, %v", a.Get(s), b.Get(s))
		}
	})
}

// TestRootNoGarbage: Root does not allocate in the Go heap.
func TestRootNoGarbage(t *testing.T) {
	stores(t, 1<<16, func(t *testing.T, s Store) {
		rootOf[catalogue](t, s)
		if n := testing.AllocsPerRun(100, func() {
			if _, err := Root[catalogue](s); err != nil {
				t.Error(err)
			}
		}); n > 0 {
			t.Errorf("%v objects a call", n)
		}
	})
}

// TestFingerprint: a fingerprint never changes, because files contain it. It is the same on
// 32 and 64 bits if the layout is.
func TestFingerprint(t *testing.T) {
	for name, c := range map[string]struct {
		got  fingerprint
		want string
	}{
		"catalogue": {fingerprintOf[catalogue](), "4b8945af9fff2da5"},
		"board":     {fingerprintOf[board](), "be792ddf55a04969"},
	} {
		if got := hex.EncodeToString(c.got[:8]); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
