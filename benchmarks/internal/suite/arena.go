// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"bytes"
	"unsafe"
)

// An Arena allocates what is freed at once, for one goroutine at a time. Its objects may refer to each other: a peer
// whose objects the collector does not see must keep them all until Reset.
type Arena interface {
	// Node gives a zero node of a document.
	Node() *Node
	// Tower gives a zero node of a skip list.
	Tower() *Tower
	// Links gives n nil pointers.
	Links(n int) []*Tower
	// Bytes gives n bytes; what they hold is up to the allocator.
	Bytes(n int) []byte
	// Reset frees all of it.
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
	Next       []*Tower // the lowest level first
}

// blocks is the Arena of a peer that has none: each object is a block of its own, and all of them are freed
// one by one. A program would find them by walking its structures; so the room for the list is no part of what
// is measured.
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

// zeroed clears bytes, which for the collector are no pointers: what they hold may look like any.
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

// repeated says whether the text is nothing but the byte.
func repeated(text []byte, b byte) bool {
	return bytes.Count(text, []byte{b}) == len(text)
}
