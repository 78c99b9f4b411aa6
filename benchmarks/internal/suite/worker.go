// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// A block is the program's note of a live block. Without an address it notes none.
type block struct {
	address unsafe.Pointer
	size    uint32
	tag     byte
}

// newSlots returns n slots for blocks. They are resident at once, so that no part of what is measured is
// the first touch of the workload's own memory.
func newSlots(n int) []block {
	slots := make([]block, n)
	clear(slots)
	return slots
}

// A worker is one goroutine's part of a workload. Only that goroutine uses it.
type worker struct {
	team   *Team
	index  int // of the team's workers
	handle Handle
	arena  Arena // of workloads in arenas only
	random random
	tag    byte // of the block allocated last
	ops    int  // operations so far
	owed   int  // bytes, allocated less freed, that the team's account does not have yet
	_      cacheLine
}

// A cacheLine at the end of a struct keeps what one goroutine writes off the cache lines of others.
type cacheLine [64]byte

// maxOwed bounds how far the account of the team is behind a worker, in bytes.
const maxOwed = 64 << 10

// A Corruption is an error: a block did not hold what was written to it.
type Corruption struct {
	Address   uintptr
	Size      int
	Want, Got byte
}

func (c *Corruption) Error() string {
	return fmt.Sprintf("suite: the block of %d bytes at %#x holds %#x instead of %#x: two blocks overlap, or the allocator wrote to a live one",
		c.Size, c.Address, c.Got, c.Want)
}

// alloc allocates a block and writes the next tag to its first and last byte. Most blocks that are live at
// once have different tags, so a change shows that two blocks overlap.
func (w *worker) alloc(size int) block {
	b := block{w.handle.Malloc(size), uint32(size), w.nextTag()}
	*(*byte)(b.address) = b.tag
	*b.last() = b.tag
	w.account(size)
	w.ops++
	return b
}

// free verifies the tags of a block and frees it. It ignores a note of no block.
func (w *worker) free(b block) {
	if b.address == nil {
		return
	}
	if *(*byte)(b.address) != b.tag || *b.last() != b.tag {
		w.expect(b, 0)
		w.expect(b, int(b.size)-1)
	}
	w.handle.Release(b.address, int(b.size))
	w.account(-int(b.size))
}

// replace frees the slot's block and puts a new block of the size there.
func (w *worker) replace(slot *block, size int) {
	w.free(*slot)
	*slot = w.alloc(size)
}

// freeAll frees the blocks and empties their slots.
func (w *worker) freeAll(blocks []block) {
	for i := range blocks {
		w.free(blocks[i])
		blocks[i].address = nil
	}
}

// fill allocates a block and writes all of it.
func (w *worker) fill(size int) block {
	b := w.alloc(size)
	b.set()
	return b
}

// set writes the tag to all bytes of the block. Like memset, it writes the last word over the one
// before it, because a loop over the bytes that remain costs more than all the rest of a small block.
func (b block) set() {
	n, word := int(b.size), b.word()
	switch {
	case n >= 8:
		for at := 0; at < n-8; at += 8 {
			*(*uint64)(unsafe.Add(b.address, at)) = word
		}
		binary.NativeEndian.PutUint64(b.bytes()[n-8:], word)
	case n >= 4:
		binary.NativeEndian.PutUint32(b.bytes(), uint32(word))
		binary.NativeEndian.PutUint32(b.bytes()[n-4:], uint32(word))
	default:
		for i := range b.bytes() {
			b.bytes()[i] = b.tag
		}
	}
}

// drain verifies all of a block that fill made, and frees it.
func (w *worker) drain(b block) {
	whole, word := b.bytes(), b.word()
	at := 0
	for at+8 <= len(whole) && binary.NativeEndian.Uint64(whole[at:]) == word {
		at += 8
	}
	for ; at < len(whole); at++ {
		w.expect(b, at)
	}
	w.free(b)
}

// word is eight tags.
func (b block) word() uint64 { return uint64(b.tag) * 0x0101010101010101 }

// touch writes a byte in each page of the block after the first.
func (b block) touch() {
	for at := pageSize; at < int(b.size); at += pageSize {
		*(*byte)(unsafe.Add(b.address, at)) = b.tag
	}
}

// pageSize is the smallest page of the supported processors.
const pageSize = 4096

func (b block) last() *byte { return (*byte)(unsafe.Add(b.address, int(b.size)-1)) }

func (b block) bytes() []byte { return unsafe.Slice((*byte)(b.address), b.size) }

// nextTag is never 0, which is what fresh memory holds.
func (w *worker) nextTag() byte {
	w.tag++
	if w.tag == 0 {
		w.tag = 1
	}
	return w.tag
}

// expect notes a corruption if the byte is not the block's tag.
func (w *worker) expect(b block, at int) {
	if got := *(*byte)(unsafe.Add(b.address, at)); got != b.tag {
		w.team.corrupted(&Corruption{uintptr(b.address), int(b.size), b.tag, got})
	}
}

// account counts live bytes.
func (w *worker) account(n int) {
	if w.owed += n; w.owed > maxOwed || w.owed < -maxOwed {
		w.settle()
	}
}

// settle brings the team's account up to date.
func (w *worker) settle() {
	w.team.addLive(w.owed)
	w.owed = 0
}

// inSuccessor runs f in a new goroutine with a new handle, while the caller waits, like a thread that ends
// and leaves its blocks to the next one.
func (w *worker) inSuccessor(f func()) {
	w.handle.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.handle = w.team.open()
		f()
	}()
	<-done
}
