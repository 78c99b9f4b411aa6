// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"testing"
	"unsafe"
)

// TestReallocFast: Realloc between classes that have cached blocks keeps each byte of the smaller
// size, through each kind of handle, and the old block is free afterwards.
func TestReallocFast(t *testing.T) {
	sizes := []int{16, 64, 100, 128, 1000, 1024, 9000, 20_000, 100_000, 131_071}
	a := open(t, Options{Decay: -1, ProfileRate: -1})
	for name, m := range map[string]Memory{"Allocator": a, "Local": local(t, a)} {
		for _, from := range sizes {
			for _, to := range sizes {
				t.Run(fmt.Sprintf("%s/%d to %d", name, from, to), func(t *testing.T) {
					for range 3 { // the first times fill the caches
						reallocKeeps(t, m, from, to)
					}
				})
			}
		}
	}
	if s := a.Stats(); s.Memory.Requested != 0 {
		t.Errorf("%d bytes are requested, and nothing is live", s.Memory.Requested)
	}
	check(t, a)
}

// reallocKeeps resizes a full block and frees it. It fails the test if a byte was lost, or if the
// old block can be freed again.
func reallocKeeps(t *testing.T, m Memory, from, to int) {
	t.Helper()
	p, err := m.Malloc(from)
	p = must(t, p, err)
	b := unsafe.Slice((*byte)(p), from)
	for i := range b {
		b[i] = byte(i*7 + from)
	}
	q, err := m.Realloc(p, to)
	q = must(t, q, err)
	for i, got := range unsafe.Slice((*byte)(q), min(from, to)) {
		if got != byte(i*7+from) {
			t.Fatalf("byte %d has changed", i)
		}
	}
	if q != p && !panics(func() { m.Free(p) }) {
		t.Error("the old block is still live")
	}
	m.Free(q)
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}
