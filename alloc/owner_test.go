// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"io"
	"testing"
	"unsafe"
)

// TestAppendToCut: if the capacity of a slice was cut, appending to the slice changes
// nothing beyond that capacity, as with the built-in append. It does not free memory that
// other slices use.
func TestAppendToCut(t *testing.T) {
	onEach(t, appendToCut)
	t.Run("profiled", func(t *testing.T) {
		a := open(t, Options{Decay: -1, ProfileRate: 1})
		appendToCut(t, a)
		drained(t, a)
	})
	t.Run("traced", func(t *testing.T) {
		a := open(t, still)
		if err := a.Trace().Start(io.Discard, TraceOptions{}); err != nil {
			t.Fatal(err)
		}
		appendToCut(t, a)
		if err := a.Trace().Stop(); err != nil {
			t.Fatal(err)
		}
		drained(t, a)
	})
}

func appendToCut(t *testing.T, m byteMemory) {
	for _, n := range []int{8, 100, 1000, 5000, 100_000, 300_000} {
		for _, k := range []int{1, 2, n / 2, n - 1} {
			all, err := m.MallocBytes(n)
			if err != nil {
				t.Fatal(err)
			}
			countBy3(all)
			want := bytes.Clone(all)
			grown, err := Append(m, all[:k:k], 'x')
			if err != nil || len(grown) != k+1 || !bytes.Equal(grown[:k], want[:k]) || grown[k] != 'x' {
				t.Fatalf("%d of %d bytes and one more: %d bytes, %v", k, n, len(grown), err)
			}
			resized, err := Resize(m, all[:k:k], n+1)
			if err != nil || len(resized) != n+1 || !bytes.Equal(resized[:k], want[:k]) || !zero(resized[k:]) {
				t.Fatalf("%d of %d bytes, resized: %d bytes, %v", k, n, len(resized), err)
			}
			countBy3(grown)
			if !bytes.Equal(all, want) {
				t.Fatalf("appending to %d of %d bytes changed other slices", k, n)
			}
			FreeSlice(m, grown)
			FreeSlice(m, resized)
			m.FreeBytes(all)
		}
	}
}

func countBy3(b []byte) {
	for i := range b {
		b[i] = byte(3 * i)
	}
}

// TestAppendFields: the slices that bytes.Fields returns share one block.
func TestAppendFields(t *testing.T) {
	a := open(t, still)
	text, err := a.MallocBytes(20)
	if err != nil {
		t.Fatal(err)
	}
	copy(text, "stone upon stone....")
	first, err := Append(a, bytes.Fields(text)[0], []byte("wall")...)
	if err != nil || string(first) != "stonewall" || string(text) != "stone upon stone...." {
		t.Errorf("%q, %v, and the text is %q", first, err, text)
	}
	FreeSlice(a, first)
	a.FreeBytes(text)
	drained(t, a)
}

// TestAppendFromBeyond: the appended values may lie in the same block, beyond the capacity
// of the slice.
func TestAppendFromBeyond(t *testing.T) {
	for _, o := range []Options{still, {Decay: -1, Hardening: Hardening{ZeroOnFree: true}}, strict} {
		a := open(t, o)
		for _, n := range []int{10, 1000, 100_000} {
			all, err := MakeSlice[uint32](a, n, n)
			if err != nil {
				t.Fatal(err)
			}
			all = all[:cap(all)]
			for i := range all {
				all[i] = uint32(i)
			}
			for _, k := range []int{1, len(all) / 2, len(all) * 9 / 10} {
				joined, err := Append(a, all[:k:k], all[k:]...)
				if err != nil {
					t.Fatal(err)
				}
				overlapping, err := Append(a, all[:k:len(all)-1], all[k:]...) // some of them beyond the capacity
				if err != nil {
					t.Fatal(err)
				}
				for i := range all {
					if joined[i] != uint32(i) || overlapping[i] != uint32(i) || all[i] != uint32(i) {
						t.Fatalf("element %d of %d, cut at %d: %d, %d and %d", i, len(all), k, joined[i], overlapping[i], all[i])
					}
				}
				FreeSlice(a, joined)
				FreeSlice(a, overlapping)
			}
			FreeSlice(a, all)
		}
		drained(t, a)
	}
}

// TestOwnersGrowInPlace: a slice that was not cut keeps its block while the block has room.
// Otherwise its block is freed, whoever allocated it.
func TestOwnersGrowInPlace(t *testing.T) {
	onEach(t, func(t *testing.T, m byteMemory) {
		for n := 1; n < 600_000; n += 1 + n/3 {
			b, err := m.MallocBytes(n)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 { // all but the last free their block
				if b, err = Append(m, b, make([]byte, 1+len(b))...); err != nil {
					t.Fatal(err)
				}
			}
			s, err := MakeSlice[[3]uint16](m, n/6, n/6)
			if err != nil {
				t.Fatal(err)
			}
			if s, err = Append(m, s, make([][3]uint16, cap(s)+1)...); err != nil {
				t.Fatal(err)
			}
			r, err := m.ReallocBytes(b, 2*n+5)
			if err != nil {
				t.Fatal(err)
			}
			if r, err = Append(m, r, r...); err != nil {
				t.Fatal(err)
			}
			FreeSlice(m, r)
			FreeSlice(m, s)
		}
	}) // Verify finds blocks that were not freed

	a := open(t, still)
	b, err := a.MallocBytes(100)
	if err != nil {
		t.Fatal(err)
	}
	longer, err := Resize(a, b, 101)
	if err != nil || unsafe.SliceData(longer) != unsafe.SliceData(b) {
		t.Errorf("appending a byte for which the block has room moved the slice: %v", err)
	}
	FreeSlice(a, longer)
}
