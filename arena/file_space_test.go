// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"path/filepath"
	"testing"
)

// A spaceLog records which pages of a file have space on the disk.
type spaceLog struct {
	t      *testing.T
	has    map[int64]bool // by place
	marked bool           // a commit is running that cannot be undone
	marks  int
}

// log is a diskLog. It fails if a commit writes to a page without space after the header
// that commits.
func (s *spaceLog) log(_ string, c diskCall) {
	switch c.kind {
	case diskWrite:
		var h header
		if c.at == filePage && len(c.data) == filePage && h.decode(c.data) == nil {
			s.marked = h.JournalPages > 0
			s.marks++
		}
		for place := c.at / filePage * filePage; place < c.at+int64(len(c.data)); place += filePage {
			if s.marked && !s.has[place] {
				s.t.Errorf("a commit that cannot be undone needs space at %d", place)
			}
			s.has[place] = true
		}
	case diskHole:
		for place := c.at; place < c.at+c.size; place += filePage {
			delete(s.has, place)
		}
	case diskLength:
		for place := range s.has {
			if place >= c.at {
				delete(s.has, place)
			}
		}
	}
}

// TestFileSpaceBeforeMark: a commit takes all its disk space before it writes the header
// that commits. This includes pages and parts of the table that were never written.
func TestFileSpaceBeforeMark(t *testing.T) {
	s := &spaceLog{t: t, has: map[int64]bool{}}
	diskLog = s.log
	defer func() { diskLog = nil }()
	f := openFile(t, filepath.Join(t.TempDir(), "f"), FileOptions{Capacity: 256 << 20, NoStore: true})
	root := rootOf[[3]SliceRef[byte]](t, f)
	for i := range root {
		var err error
		if root[i], err = NewSliceRef[byte](f, 16<<20, 16<<20); err != nil {
			t.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		for k := range root[:i+1] { // pages that the last commit has, as holes
			memory := root[k].Get(f)
			for at := i << 16; at < len(memory); at += 1 << 20 {
				memory[at]++
			}
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Verify(); err != nil || s.marks < 12 {
		t.Errorf("%d headers, %v", s.marks, err)
	}
}

// TestFileSumOfZeros: a page with the checksum of a page of zeros is not treated as a hole.
func TestFileSumOfZeros(t *testing.T) {
	page := make([]byte, filePage)
	copy(page, "text")
	forgeSum(page, zeroSum)
	if sum(page) != zeroSum {
		t.Fatal("the sum is not forged")
	}
	path := filepath.Join(t.TempDir(), "f")
	f := openFile(t, path, FileOptions{Capacity: 1 << 20, NoStore: true})
	r, err := NewRef[[3 * filePage]byte](f)
	if err != nil {
		t.Fatal(err)
	}
	aligned := filePage - dataFloor
	copy(r.Get(f)[aligned:], page)
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	diskLog = func(_ string, c diskCall) { // checks what a reader would see at any moment
		if p := readPage(t, f, 1); p != string(page) && p[len(p)-5] != 1 {
			t.Errorf("the last commit was overwritten: %q", p[:4])
		}
	}
	defer func() { diskLog = nil }()
	r.Get(f)[aligned+filePage-5] = 1
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}

func readPage(t *testing.T, f *File, i uint64) string {
	p := make([]byte, filePage)
	if err := fileSpace.ReadFile(f.file, p, f.last.place(i)); err != nil {
		t.Error(err)
	}
	return string(p)
}

// forgeSum changes the last four bytes of a page so that its checksum is want. Each of the
// 32 bits changes the checksum by a fixed amount, so this is a system of linear equations.
func forgeSum(page []byte, want uint32) {
	at := len(page) - 4
	var rows [32]struct{ effect, bits uint32 }
	base := sum(page)
	for i := range rows {
		page[at+i/8] ^= 1 << (i % 8)
		rows[i].effect, rows[i].bits = sum(page)^base, 1<<i
		page[at+i/8] ^= 1 << (i % 8)
	}
	need, flip := base^want, uint32(0)
	for bit := range 32 {
		for i := bit; i < 32; i++ {
			if rows[i].effect>>bit&1 != 0 {
				rows[bit], rows[i] = rows[i], rows[bit]
				break
			}
		}
		for i := range rows {
			if i != bit && rows[i].effect>>bit&1 != 0 {
				rows[i].effect ^= rows[bit].effect
				rows[i].bits ^= rows[bit].bits
			}
		}
		if need>>bit&1 != 0 {
			need ^= rows[bit].effect
			flip ^= rows[bit].bits
		}
	}
	for i := range 32 {
		if flip>>i&1 != 0 {
			page[at+i/8] ^= 1 << (i % 8)
		}
	}
}
