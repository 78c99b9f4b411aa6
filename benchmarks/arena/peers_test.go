// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"testing"
	"unsafe"

	"github.com/ortuman/nuke"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
)

// An object is what the benchmarks allocate: 64 bytes without pointers.
type object [8]uint64

// A bump is an arena written by hand: a peer that every program can have in ten lines.
type bump struct {
	buf []byte
	off int
}

// newOf returns memory for a T, zeroed if the buffer is. The buffer must have room for it.
func newOf[T any](b *bump) *T {
	off := (b.off + 7) &^ 7
	b.off = off + int(unsafe.Sizeof(*new(T)))
	return (*T)(unsafe.Pointer(&b.buf[off:b.off][0]))
}

// slice returns n bytes.
func (b *bump) slice(n int) []byte {
	off := (b.off + 7) &^ 7
	b.off = off + n
	return b.buf[off:b.off:b.off]
}

func (b *bump) reset() {
	clear(b.buf[:b.off])
	b.off = 0
}

// open returns an arena with an allocator of its own, and closes both when the benchmark ends.
func open(b *testing.B, o arena.Options) *arena.Arena {
	b.Helper()
	h, err := alloc.NewAllocator(alloc.Options{})
	if err != nil {
		b.Fatal(err)
	}
	o.Allocator = h
	a, err := arena.NewArenaWithOptions(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		a.Free()
		if err := h.Close(); err != nil {
			b.Error(err)
		}
	})
	return a
}

// variants are the options of ashlar's peers.
var variants = []struct {
	name    string
	options arena.Options
}{
	{"ashlar", arena.Options{}},
	{"ashlar-nozero", arena.Options{NoZero: true}},
	{"ashlar-concurrent", arena.Options{Concurrent: true}},
}

// newNuke returns an arena of one buffer of n bytes.
func newNuke(n int) nuke.Arena { return nuke.NewMonotonicArena(n, 1) }
