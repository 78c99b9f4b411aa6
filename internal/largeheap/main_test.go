// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

const (
	kib = 1 << 10
	mib = 1 << 20

	owner = 7
)

// A fixture is a heap under test, with its space.
type fixture struct {
	*Heap
	t     testing.TB
	space *vm.Space
}

// newFixture returns an empty heap. At the end of the test it checks the heap, closes it,
// and checks that nothing is left.
func newFixture(t testing.TB, o largeobj.Options) *fixture {
	t.Helper()
	f := &fixture{new(Heap), t, new(vm.Space)}
	f.Init(f.space, owner, o)
	t.Cleanup(func() {
		vm.Inject(nil)
		f.sound()
		if err := f.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		f.nothingLeft()
	})
	return f
}

func (f *fixture) nothingLeft() {
	f.t.Helper()
	s := f.space
	if m, n, c := s.Mapped.Now(), s.Mappings.Now(), s.Footprint.Now(); m != 0 || n != 0 || c != 0 {
		f.t.Errorf("not released: %d bytes in %d mappings, %d bytes charged", m, n, c)
	}
}

// sound checks the heap's invariants and the equations of the documentation that
// involve its space.
func (f *fixture) sound() {
	f.t.Helper()
	if err := f.Check(); err != nil {
		f.t.Fatal(err)
	}
	s := f.Stats()
	if got, want := f.space.Footprint.Now(), s.Footprint(); got != want {
		f.t.Fatalf("footprint %d, should be %d: %+v", got, want, s)
	}
	if got, want := f.space.Mapped.Now(), s.Mapped(); got != want {
		f.t.Fatalf("mapped %d, should be %d: %+v", got, want, s)
	}
	if got, want := f.space.Mappings.Now(), s.Mappings(); got != want {
		f.t.Fatalf("%d mappings, should be %d: %+v", got, want, s)
	}
	if s.Carved.Bytes != s.Chunks.Used {
		f.t.Fatalf("carved ≠ used of chunks: %+v", s)
	}
	if s.Requested+headerSize*s.Live.Objects > s.Live.Bytes {
		f.t.Fatalf("more requested than live: %+v", s)
	}
}

func (f *fixture) alloc(size uintptr) uintptr { f.t.Helper(); return f.allocAligned(size, 1) }

func (f *fixture) allocAligned(size, align uintptr) uintptr {
	f.t.Helper()
	p, _, err := f.Alloc(size, align, false)
	if err != nil {
		f.t.Fatalf("Alloc(%d, %d): %v", size, align, err)
	}
	return p
}

func (f *fixture) free(p uintptr) {
	f.t.Helper()
	if err := f.Free(p); err != nil {
		f.t.Fatalf("Free: %v", err)
	}
}

// Resize changes the size of the object at p.
func (f *fixture) Resize(p, size uintptr) (uintptr, error) { return f.ResizeZero(p, size, size) }

// ResizeZero does what Resize does, but keeps only the first kept bytes of the object.
func (f *fixture) ResizeZero(p, kept, size uintptr) (uintptr, error) {
	d := Descriptor(pagemap.Get(p))
	err := f.Claim(d, p, Resizing)
	if err != nil {
		return 0, err
	}
	d, p, err = f.Heap.Resize(d, kept, size)
	f.Unclaim(d)
	return p, err
}

// Put puts the object at p into a cache. It returns 0 if the heap refuses that.
func (f *fixture) Put(p uintptr) Descriptor {
	d := Descriptor(pagemap.Get(p))
	err := f.Claim(d, p, Releasing)
	if err != nil {
		return 0
	}
	if !f.Caches(d) {
		f.Unclaim(d)
		return 0
	}
	d.Put()
	return d
}

func (f *fixture) resize(p, size uintptr) uintptr {
	f.t.Helper()
	q, err := f.Resize(p, size)
	if err != nil {
		f.t.Fatalf("Resize(%#x, %d): %v", p, size, err)
	}
	return q
}

func (f *fixture) purge(all bool) int64 {
	f.t.Helper()
	n, err := f.Purge(all)
	if err != nil {
		f.t.Fatalf("Purge(%v): %v", all, err)
	}
	return n
}

func (f *fixture) ticks(n int) {
	f.t.Helper()
	for range n {
		f.purge(false)
	}
}

// sample is the distance in bytes of the words that fill writes. Not every page gets one:
// otherwise the tests would spend their time on page faults.
const sample = 20_008

// fill writes a pattern over n bytes at p that depends on key and the position:
// at the ends, and a word here and there.
func fill(p, n uintptr, key uint64) {
	for at := uintptr(0); at+8 <= n; at += sample {
		binary.LittleEndian.PutUint64(raw.Bytes(p+at, 8), mix(key, at))
	}
	if n >= 8 {
		binary.LittleEndian.PutUint64(raw.Bytes(p+n-8, 8), mix(key, ^uintptr(0)))
	}
}

// wrong returns the first position where the pattern of n bytes with key is not
// found in the first m bytes at p, -1 if there is none.
func wrong(p, n, m uintptr, key uint64) int {
	for at := uintptr(0); at+8 <= m; at += sample {
		if at+8 > n-8 && n >= 8 {
			break // fill's last word overlaps
		}
		if binary.LittleEndian.Uint64(raw.Bytes(p+at, 8)) != mix(key, at) {
			return int(at)
		}
	}
	if n >= 8 && m >= n && binary.LittleEndian.Uint64(raw.Bytes(p+n-8, 8)) != mix(key, ^uintptr(0)) {
		return int(n - 8)
	}
	return -1
}

func mix(key uint64, at uintptr) uint64 { return (key+1)*0x9e3779b97f4a7c15 ^ uint64(at) }

func isZero(p, n uintptr) bool {
	b := raw.Bytes(p, n)
	return b[0] == 0 && bytes.Equal(b[1:], b[:n-1])
}

func dirtyAll(p, n uintptr) {
	b := raw.Bytes(p, n)
	for i := range b {
		b[i] = 0xa5
	}
}
