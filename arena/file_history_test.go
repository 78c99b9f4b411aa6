// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"errors"
	"fmt"
	"testing"
)

// A history is the contents of the file in the tests of commits. They follow from the
// number of the commit. Each commit writes some pages again as a whole, changes parts of
// others, and adds new ones.
type history struct {
	Commit  uint64
	Numbers SliceRef[uint64] // all written again
	Sparse  SliceRef[uint64] // one in a page written again
	Grown   Ref[stone]       // a list, one longer with each commit
}

type stone struct {
	Below  Ref[stone]
	Commit uint64
	Weight [500]uint64
}

const historyLength = 3000

func number(commit, i uint64) uint64 {
	x := commit*0x9e3779b97f4a7c15 + i
	return x*x + x>>7
}

// advance changes the contents from one commit to the next.
func advance(f *File) error {
	h, err := Root[history](f)
	if err != nil {
		return err
	}
	if h.Commit == 0 {
		numbers, err := NewSliceRef[uint64](f, historyLength, historyLength)
		if err != nil {
			return err
		}
		sparse, err := NewSliceRef[uint64](f, 16*512, 16*512)
		if err != nil {
			return err
		}
		h.Numbers, h.Sparse = numbers, sparse
	}
	r, err := NewRef[stone](f)
	if err != nil {
		return err
	}
	h.Commit++
	for i := range h.Numbers.Get(f) {
		h.Numbers.Get(f)[i] = number(h.Commit, uint64(i))
	}
	h.Sparse.Get(f)[h.Commit%16*512] = h.Commit
	s := r.Get(f)
	s.Below, s.Commit = h.Grown, h.Commit
	for i := range s.Weight {
		s.Weight[i] = number(h.Commit, uint64(i))
	}
	h.Grown = r
	return nil
}

// inspectHistory returns the number of the commit that the file holds, or an error if the
// contents are wrong.
func inspectHistory(f *File) (uint64, error) {
	h, err := Root[history](f)
	if err != nil {
		return 0, err
	}
	if h.Commit == 0 {
		return 0, nil
	}
	for i, n := range h.Numbers.Get(f) {
		if n != number(h.Commit, uint64(i)) {
			return 0, fmt.Errorf("commit %d: number %d is of another", h.Commit, i)
		}
	}
	for i := range uint64(16) {
		want := uint64(0)
		if h.Commit >= i {
			want = h.Commit - (h.Commit-i)%16
		}
		if got := h.Sparse.Get(f)[i*512]; got != want {
			return 0, fmt.Errorf("commit %d: place %d says %d, want %d", h.Commit, i, got, want)
		}
	}
	want := h.Commit
	for s := h.Grown.Get(f); s != nil; s = s.Below.Get(f) {
		if s.Commit != want {
			return 0, fmt.Errorf("commit %d: stone %d where %d should be", h.Commit, s.Commit, want)
		}
		for i, w := range s.Weight {
			if w != number(want, uint64(i)) {
				return 0, fmt.Errorf("commit %d: stone %d was overwritten", h.Commit, want)
			}
		}
		want--
	}
	if want != 0 {
		return 0, fmt.Errorf("commit %d: %d stones are missing", h.Commit, want)
	}
	return h.Commit, nil
}

// reopened opens the file, checks everything, and returns the number of its commit. Then it
// makes one more commit, to check that the file still works.
func reopened(t testing.TB, path string) uint64 {
	t.Helper()
	return reopenedAs(t, path, historyCapacity)
}

// reopenedAs is reopened for a file of another capacity.
func reopenedAs(t testing.TB, path string, capacity int64) uint64 {
	t.Helper()
	f, err := Open(path, FileOptions{Capacity: capacity, Verify: true})
	if err != nil {
		t.Fatalf("reopening: %v", err)
	}
	n, err := inspectHistory(f)
	if err == nil {
		err = errors.Join(advance(f), f.Sync(), f.Verify(), f.Close())
	}
	if err != nil {
		t.Fatalf("after reopening: %v", err)
	}
	g, err := Open(path, FileOptions{ReadOnly: true, Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	again, err := inspectHistory(g)
	if err = errors.Join(err, g.Close()); err != nil || again != n+1 {
		t.Fatalf("one commit after %d is %d: %v", n, again, err)
	}
	return n
}

const historyCapacity = 4 << 20
