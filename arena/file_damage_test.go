// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// images returns the bytes of a file after its third commit, and at two moments during that
// commit: after its header was written to slot 1, and after it was written to both slots.
func images(t testing.TB) (whole, marked, unfinished []byte) {
	t.Helper()
	whole, _ = image(t, 0)
	for at := 1; ; at++ { // until the call after the header that commits
		raw, h := image(t, at)
		if h[1].JournalPages > 0 && h[1].Sequence == 6 && marked == nil {
			marked = raw
		}
		if h[0].JournalPages > 0 && h[0].Sequence == 6 {
			return whole, marked, raw
		}
	}
}

// image makes three commits and returns the file and its headers. If at is not 0, the third
// commit fails from call number at on.
func image(t testing.TB, at int) ([]byte, [2]header) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	f, err := Open(path, FileOptions{Capacity: 1 << 20, NoStore: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := advance(f); err != nil {
			t.Fatal(err)
		}
		if i == 2 && at > 0 {
			failFrom(at)
		}
		if err := f.Sync(); err != nil && at == 0 {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	vm.Inject(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if at == 0 {
		if raw, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	var h [2]header
	for i := range h {
		_ = h[i].decode(raw[i*filePage:][:filePage])
	}
	return raw, h
}

func failFrom(at int) {
	var calls atomic.Int64 // an Allocator's timer may call the kernel, too
	vm.Inject(func(vm.Op) error {
		if calls.Add(1) > int64(at) {
			return syscall.EIO
		}
		return nil
	})
}

// openImage opens an image, checks its contents and returns the number of its commit.
func openImage(t testing.TB, dir string, image []byte, o FileOptions) (uint64, error) {
	t.Helper()
	path := filepath.Join(dir, "image")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, o)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n := uint64(0)
	if p := panicOf(func() { n, err = inspectHistory(f) }); p != nil || err != nil {
		t.Errorf("a wrong answer: %v, %v", p, err)
	}
	return n, f.Verify()
}

// TestFileDamaged: Open repairs a file that is not a whole arena, or returns the reason why
// it cannot.
func TestFileDamaged(t *testing.T) {
	whole, marked, unfinished := images(t)
	var h header
	if err := h.decode(whole[:filePage]); err != nil {
		t.Fatal(err)
	}
	dataAt := int(h.dataAt())
	flip := func(image []byte, places ...int) []byte {
		image = bytes.Clone(image)
		for _, at := range places {
			image[at] ^= 0x10
		}
		return image
	}
	edited := func(edit func(*header)) []byte {
		image, h := bytes.Clone(whole), h
		edit(&h)
		copy(image, h.encode())
		copy(image[filePage:], h.encode())
		return image
	}
	reversed := bytes.Clone(whole)
	for _, at := range []int{0, filePage} {
		binary.BigEndian.PutUint64(reversed[at:], binary.LittleEndian.Uint64(reversed[at:]))
	}
	for _, c := range []struct {
		name   string
		image  []byte
		want   error  // from Open with Verify; nil: Open repairs the file
		commit uint64 // that the file holds after Open
	}{
		{"whole", whole, nil, 3},
		{"unfinished", unfinished, nil, 3},
		{"first header", flip(whole, 20), nil, 3},
		{"second header", flip(whole, filePage+20), nil, 3},
		{"first header, far in", flip(whole, 4000), nil, 3},
		{"both headers", flip(whole, 20, filePage+20), ErrDamaged, 0},
		{"both magics", flip(whole, 3, filePage+3), ErrForeign, 0},
		{"unfinished, first header", flip(unfinished, 20), nil, 3},
		{"unfinished, second header", flip(unfinished, filePage+20), nil, 3},
		{"unfinished, both headers", flip(unfinished, 20, filePage+20), ErrDamaged, 0},
		{"marked", marked, nil, 3},
		{"marked, first header", flip(marked, 20), nil, 3},
		{"marked, second header", flip(marked, filePage+20), nil, 2},
		{"marked, journal's index", flip(marked, journalStart(t, marked)+3), nil, 2},
		{"marked, journal's end", flip(marked, journalEnd(t, marked)-1), nil, 2},
		{"marked, cut in the journal", marked[:journalEnd(t, marked)-100], nil, 2},
		{"marked, new page", flip(marked, journalStart(t, marked)-3), nil, 2},
		{"marked, cut in the new pages", marked[:journalStart(t, marked)-100], nil, 2},
		{"marked, first header and new page", flip(marked, 20, journalStart(t, marked)-3), ErrDamaged, 0},
		{"unfinished, new page", flip(unfinished, journalStart(t, unfinished)-3), ErrDamaged, 0},
		{"unfinished, journal's index", flip(unfinished, journalStart(t, unfinished)+3), ErrDamaged, 0},
		{"unfinished, journal's end", flip(unfinished, journalEnd(t, unfinished)-1), ErrDamaged, 0},
		{"unfinished, cut", unfinished[:journalEnd(t, unfinished)-100], ErrTruncated, 0},
		{"table", flip(whole, tableAt+5), ErrDamaged, 0},
		{"first data", flip(whole, dataAt+dataFloor), ErrDamaged, 0},
		{"last data", flip(whole, len(whole)-filePage), ErrDamaged, 0},
		{"cut by a byte", whole[:len(whole)-1], ErrTruncated, 0},
		{"cut in the data", whole[:dataAt+10], ErrTruncated, 0},
		{"cut in the table", whole[:tableAt+10], ErrTruncated, 0},
		{"cut in the headers", whole[:100], ErrTruncated, 0},
		{"text", bytes.Repeat([]byte("no arena\n"), 2000), ErrForeign, 0},
		{"short text", []byte("no"), ErrForeign, 0},
		{"zeros", make([]byte, 1<<17), ErrForeign, 0},
		{"newer", edited(func(h *header) { h.Version++ }), ErrVersion, 0},
		{"other byte order", reversed, ErrForeign, 0},
		{"impossible capacity", edited(func(h *header) { h.Capacity = 1 << 60 }), ErrDamaged, 0},
		{"impossible use", edited(func(h *header) { h.Used = 1 << 30 }), ErrDamaged, 0},
		{"more use than file", edited(func(h *header) { h.Used = 1 << 20 }), ErrTruncated, 0},
	} {
		n, err := openImage(t, t.TempDir(), c.image, FileOptions{Verify: true})
		if !errors.Is(err, c.want) || n != c.commit {
			t.Errorf("%s: commit %d, %v; want commit %d, %v", c.name, n, err, c.commit, c.want)
		}
	}
	if _, err := openImage(t, t.TempDir(), unfinished, FileOptions{ReadOnly: true}); !errors.Is(err, ErrUnfinished) {
		t.Errorf("unfinished, read-only: %v", err)
	}
	if _, err := openImage(t, t.TempDir(), flip(whole, dataAt+dataFloor+4000*8), FileOptions{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("flipped data, found by Verify: %v", err)
	}
}

// journalStart returns where the journal of an unfinished commit begins. journalEnd returns
// where it ends.
func journalStart(t testing.TB, image []byte) int {
	t.Helper()
	h := secondHeader(t, image)
	return int(h.end())
}

func journalEnd(t testing.TB, image []byte) int {
	t.Helper()
	h := secondHeader(t, image)
	return journalStart(t, image) + int((h.JournalPages+perIndex-1)/perIndex+h.JournalPages)*filePage
}

func secondHeader(t testing.TB, image []byte) (h header) {
	t.Helper()
	if err := h.decode(image[filePage : 2*filePage]); err != nil {
		t.Fatal(err)
	}
	return h
}

// FuzzFileImage changes bytes of a file. Open must refuse the file, or the file must hold
// one of its commits.
func FuzzFileImage(f *testing.F) {
	whole, marked, unfinished := images(f)
	f.Add(byte(0), []byte{0, 0, 0, 20, 1})
	f.Add(byte(1), []byte{0, 0, 0, 20, 1})
	f.Add(byte(0), []byte{0, 1, 0, 5, 0x80, 0, 2, 0, 70, 4})
	f.Add(byte(1), []byte{0, 2, 0x60, 0, 0xff})
	f.Add(byte(1), []byte{0xff, 0, 0, 0, 0})
	f.Add(byte(2), []byte{0, 0, 0, 20, 1})
	f.Fuzz(func(t *testing.T, which byte, edits []byte) {
		image := bytes.Clone([][]byte{whole, unfinished, marked}[which%3])
		for ; len(edits) >= 5; edits = edits[5:] { // an offset, and bits to flip there; 0: cut the file there
			at := int(binary.BigEndian.Uint32(edits) % uint32(len(image)+1))
			if bits := edits[4]; bits == 0 || at == len(image) {
				image = image[:at]
			} else {
				image[at] ^= bits
			}
		}
		n, err := openImage(t, t.TempDir(), image, FileOptions{Verify: true, NoStore: true})
		if err == nil && n > 3 {
			t.Errorf("commit %d, where there were 3", n)
		}
	})
}
