package suite

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// A block is the program's note of a block that is live. The zero value notes none.
type block struct {
	address unsafe.Pointer
	size    uint32
	tag     byte
}

// A hand is one goroutine's part of a workload: only that goroutine uses it.
type hand struct {
	team   *Team
	index  int // of the team's hands
	worker Worker
	region Region // of workloads in regions only
	random random
	tag    byte // of the block allocated last
	ops    int  // operations so far
	owed   int  // bytes, allocated less freed, that the team's books do not have yet
	_      cacheLine
}

// A cacheLine at its end keeps what one goroutine writes out of the lines of others.
type cacheLine [64]byte

// owedMost bounds, in bytes, how far the books are behind a hand.
const owedMost = 64 << 10

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

// alloc allocates a block and writes the next tag to its first and last byte. Blocks that are live at
// once mostly have different tags, so that one of two overlapping ones is found to be changed.
func (h *hand) alloc(size int) block {
	b := block{h.worker.Malloc(size), uint32(size), h.nextTag()}
	*(*byte)(b.address) = b.tag
	*b.last() = b.tag
	h.book(size)
	h.ops++
	return b
}

// free frees a block after a look at its tags. It ignores the zero block.
func (h *hand) free(b block) {
	if b.address == nil {
		return
	}
	if *(*byte)(b.address) != b.tag || *b.last() != b.tag {
		h.expect(b, 0)
		h.expect(b, int(b.size)-1)
	}
	h.worker.Release(b.address, int(b.size))
	h.book(-int(b.size))
}

// replace frees the slot's block and puts a new one of the size there.
func (h *hand) replace(slot *block, size int) {
	h.free(*slot)
	*slot = h.alloc(size)
}

// freeAll frees the blocks and forgets them.
func (h *hand) freeAll(blocks []block) {
	for i := range blocks {
		h.free(blocks[i])
		blocks[i] = block{}
	}
}

// fill is alloc with all of the block written.
func (h *hand) fill(size int) block {
	b := h.alloc(size)
	bytes, word := b.bytes(), b.word()
	for ; len(bytes) >= 8; bytes = bytes[8:] {
		binary.NativeEndian.PutUint64(bytes, word)
	}
	for i := range bytes {
		bytes[i] = b.tag
	}
	return b
}

// drain is free of a block that fill made, with all of it read.
func (h *hand) drain(b block) {
	whole, word := b.bytes(), b.word()
	at := 0
	for at+8 <= len(whole) && binary.NativeEndian.Uint64(whole[at:]) == word {
		at += 8
	}
	for ; at < len(whole); at++ {
		h.expect(b, at)
	}
	h.free(b)
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
func (h *hand) nextTag() byte {
	h.tag++
	if h.tag == 0 {
		h.tag = 1
	}
	return h.tag
}

// expect notes a corruption if the byte is not the block's tag.
func (h *hand) expect(b block, at int) {
	if got := *(*byte)(unsafe.Add(b.address, at)); got != b.tag {
		h.team.corrupted(&Corruption{uintptr(b.address), int(b.size), b.tag, got})
	}
}

// book counts live bytes.
func (h *hand) book(n int) {
	if h.owed += n; h.owed > owedMost || h.owed < -owedMost {
		h.settle()
	}
}

// settle brings the team's books up to date.
func (h *hand) settle() {
	h.team.addLive(h.owed)
	h.owed = 0
}

// inSuccessor runs f in a new goroutine with a new worker, while the caller waits: a thread that ends
// and leaves its blocks to the next.
func (h *hand) inSuccessor(f func()) {
	h.worker.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.worker = h.team.open()
		f()
	}()
	<-done
}
