// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"bytes"
	"unsafe"
)

// An Arena allocates objects that are freed at once, for one goroutine at a time. The objects may refer to
// each other. If the collector does not see a peer's objects, the peer must keep them all until Reset.
type Arena interface {
	// Node returns a zero node of a document.
	Node() *Node
	// Tower returns a zero node of a skip list.
	Tower() *Tower
	// Links returns n nil pointers.
	Links(n int) []*Tower
	// Bytes returns n bytes with any contents.
	Bytes(n int) []byte
	// Reset frees all objects.
	Reset()
	// Close frees the arena.
	Close()
}

// A Node is a value of a document: a text or a number, or an object or array with its members.
type Node struct {
	Key, Text   []byte
	Number      float64
	First, Next *Node
}

// A Tower is a node of a skip list.
type Tower struct {
	Key, Value []byte
	Next       []*Tower // beginning with the lowest level
}

// blocks is the Arena of a peer that has none: each object is a block of its own, and Reset frees the
// blocks one by one. A program would find the blocks by walking its structures, so the memory for the list
// is not part of what is measured.
type blocks struct {
	handle Handle
	live   []block
}

func (b *blocks) Node() *Node          { return (*Node)(b.zeroed(int(unsafe.Sizeof(Node{})))) }
func (b *blocks) Tower() *Tower        { return (*Tower)(b.zeroed(int(unsafe.Sizeof(Tower{})))) }
func (b *blocks) Links(n int) []*Tower { return unsafe.Slice((**Tower)(b.zeroed(n*8)), n) }
func (b *blocks) Bytes(n int) []byte   { return unsafe.Slice((*byte)(b.alloc(n)), n) }

func (b *blocks) Reset() {
	for _, block := range b.live {
		b.handle.Release(block.address, int(block.size))
	}
	b.live = b.live[:0]
}

func (b *blocks) Close() {
	b.Reset()
	b.handle.Close()
}

func (b *blocks) alloc(n int) unsafe.Pointer {
	p := b.handle.Malloc(n)
	b.live = append(b.live, block{address: p, size: uint32(n)})
	return p
}

// zeroed clears bytes, not pointers: the old bytes may look like any pointer to the collector.
func (b *blocks) zeroed(n int) unsafe.Pointer {
	p := b.alloc(n)
	clear(unsafe.Slice((*byte)(p), n))
	return p
}

// put copies text into the arena.
func put(r Arena, text []byte) []byte {
	mine := r.Bytes(len(text))
	copy(mine, text)
	return mine
}

// repeated reports whether the text consists of the byte only.
func repeated(text []byte, b byte) bool {
	return bytes.Count(text, []byte{b}) == len(text)
}
