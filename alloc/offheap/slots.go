// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"cmp"
	"fmt"
	"iter"
	"math/bits"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// SlotsOptions are the options of Slots. The zero value is ready for use.
type SlotsOptions struct {
	// Name is the name of the alloc.Tag that counts the memory. The default is "slots".
	Name string
}

// A Handle names a value in Slots. It is a number of 8 bytes without Go pointers, so it may be
// stored anywhere, also off-heap. The zero Handle names nothing.
//
//	bits 63 … 32   generation, odd
//	bits 31 … 0    index of the slot
type Handle[T any] uint64

// Slots is an arena of values that are added and removed one by one. Handles name them. A Handle
// of a value that was removed is recognised as stale, always and in every build, although the slot
// is used again. Slots are for one goroutine at a time; any number of goroutines may read at
// once while none writes.
//
// Do not use Slots if all values are freed at once: package arena is faster. Do not use them if
// a key finds the value: use a Map. A Handle of other Slots of the same type is not recognised.
//
// A value never moves. A pointer to it is valid until its Remove; no build detects a use after that.
type Slots[T any] struct {
	memory alloc.Memory
	chunks []alloc.Address // off-heap
	room   uint32          // number of a chunk with room, plus 1; 0: none. Others are linked to it
	shift  uint8           // a chunk has 1<<shift slots
	state  state
	count  int
}

// A chunk is the head of a block with many slots. These arrays follow, of one element for each
// slot: bits that are set if the slot is taken, generations (uint32), and values.
type chunk struct {
	next uint32 // as Slots.room, for the next chunk with room
	left uint32 // slots that are not taken
}

const chunkHead = unsafe.Sizeof(chunk{})

// NewSlots returns empty Slots whose memory comes from heap, or from alloc.Default if heap is
// nil. Close frees it. The error wraps alloc.ErrHasPointers if T holds Go pointers.
func NewSlots[T any](heap *alloc.Allocator, o SlotsOptions) (*Slots[T], error) {
	if err := pointerFree[T](); err != nil {
		return nil, err
	}
	s := &Slots[T]{memory: memoryOf(heap, cmp.Or(o.Name, "slots")), shift: 10}
	for s.shift > 6 && unsafe.Sizeof(*new(T))<<s.shift > 32<<10 {
		s.shift--
	}
	return s, nil
}

func (s *Slots[T]) chunk(i uint32) *chunk { return (*chunk)(s.chunks[i].Pointer()) }

// taken returns the bits of a chunk, and generation and value what belongs to slot i of it.
func (s *Slots[T]) taken(c *chunk) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Add(unsafe.Pointer(c), chunkHead)), 1<<(s.shift-6))
}

func (s *Slots[T]) generation(c *chunk, i uint32) *uint32 {
	return (*uint32)(unsafe.Add(unsafe.Pointer(c), chunkHead+1<<s.shift/8+4*uintptr(i)))
}

func (s *Slots[T]) value(c *chunk, i uint32) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(c), chunkHead+1<<s.shift/8+4<<s.shift+uintptr(i)*unsafe.Sizeof(*new(T))))
}

// Add adds a value and returns its Handle. On an error, which is one of Malloc, the Slots are
// unchanged. The error wraps alloc.ErrInvalidSize if there are 2³² slots.
func (s *Slots[T]) Add(value T) (Handle[T], error) {
	s.state.begin("Slots.Add")
	defer s.state.end()
	if s.room == 0 {
		if err := s.grow(); err != nil {
			return 0, err
		}
	}
	number := s.room - 1
	c := s.chunk(number)
	i := s.take(c)
	if c.left--; c.left == 0 {
		s.room = c.next
	}
	*s.generation(c, i)++
	*s.value(c, i) = value
	s.count++
	return s.handle(number<<s.shift + i), nil
}

// take takes the first slot of c that is not taken. There is one.
func (s *Slots[T]) take(c *chunk) uint32 {
	for w, word := range s.taken(c) {
		if word != ^uint64(0) {
			bit := bits.TrailingZeros64(^word)
			s.taken(c)[w] |= 1 << bit
			return uint32(64*w + bit)
		}
	}
	panic("offheap: a chunk of Slots is damaged")
}

// grow adds a chunk.
func (s *Slots[T]) grow() error {
	if uint64(len(s.chunks)+1)<<s.shift >= 1<<32 {
		return &alloc.Error{Op: "offheap.Slots.Add", Err: fmt.Errorf("%w: 2³² slots", alloc.ErrInvalidSize)}
	}
	head := chunkHead + 1<<s.shift/8 + 4<<s.shift
	p, err := s.memory.Malloc(int(head + unsafe.Sizeof(*new(T))<<s.shift))
	if err != nil {
		return err
	}
	longer, err := alloc.Append(s.memory, s.chunks, alloc.AddressOf(p))
	if err != nil {
		s.memory.Free(p)
		return err
	}
	s.chunks = longer
	clear(unsafe.Slice((*byte)(p), head))
	(*chunk)(p).left = 1 << s.shift
	s.room = uint32(len(longer))
	return nil
}

// find returns where the value of a Handle is; c is nil if the Handle is stale.
func (s *Slots[T]) find(h Handle[T]) (c *chunk, i uint32) {
	number := uint32(h) >> s.shift
	if int64(number) >= int64(len(s.chunks)) {
		return nil, 0
	}
	c, i = s.chunk(number), uint32(h)&(1<<s.shift-1)
	if g := *s.generation(c, i); g != uint32(h>>32) || g&1 == 0 {
		return nil, 0
	}
	return c, i
}

// handle returns the Handle of the value in a slot.
func (s *Slots[T]) handle(index uint32) Handle[T] {
	g := *s.generation(s.chunk(index>>s.shift), index&(1<<s.shift-1))
	return Handle[T](uint64(g)<<32 | uint64(index))
}

// Get returns a pointer to the value of a Handle, or nil if the value was removed. The pointer is
// valid until the value is removed.
func (s *Slots[T]) Get(h Handle[T]) *T {
	s.state.read("Slots.Get")
	c, i := s.find(h)
	if c == nil {
		return nil
	}
	return s.value(c, i)
}

// Remove removes the value of a Handle. It panics with an *alloc.MisuseError of kind DoubleFree if
// the Handle is stale, and InvalidPointer if it never named a value. Get tells in advance.
func (s *Slots[T]) Remove(h Handle[T]) {
	s.state.begin("Slots.Remove")
	defer s.state.end()
	c, i := s.find(h)
	if c == nil {
		s.panicStale(h)
	}
	g := s.generation(c, i)
	*g++
	s.count--
	if *g == 0 {
		return // all generations were used: the slot stays taken for ever
	}
	s.taken(c)[i/64] &^= 1 << (i % 64)
	if c.left++; c.left == 1 {
		c.next, s.room = s.room, uint32(h)>>s.shift+1
	}
}

// panicStale panics because Remove got a Handle that names nothing.
func (s *Slots[T]) panicStale(h Handle[T]) {
	e := &alloc.MisuseError{Kind: alloc.DoubleFree, Op: "offheap.Slots.Remove", Addr: uintptr(h), State: "removed",
		Detail: "the value of this Handle was removed already"}
	index, generation := uint32(h), uint32(h>>32)
	if known := int64(index>>s.shift) < int64(len(s.chunks)); generation&1 == 0 || !known {
		e.Kind, e.State, e.Detail = alloc.InvalidPointer, "", "no value ever had this Handle: it was made up, overwritten or never set"
	}
	panic(e)
}

// Len returns the number of values.
func (s *Slots[T]) Len() int { return s.count }

// All returns all values with their Handles, in the order of their slots. The body of the loop may
// add and remove values. One that is added may be returned or not.
func (s *Slots[T]) All() iter.Seq2[Handle[T], *T] {
	return func(yield func(Handle[T], *T) bool) {
		s.state.read("Slots.All")
		for number := 0; number < len(s.chunks); number++ {
			c := s.chunk(uint32(number))
			for w := range 1 << (s.shift - 6) {
				for word := s.taken(c)[w]; word != 0; word &= word - 1 {
					i := uint32(64*w + bits.TrailingZeros64(word))
					g := *s.generation(c, i)
					if g&1 == 0 { // removed by the body of the loop, or used up
						continue
					}
					if !yield(Handle[T](uint64(g)<<32|uint64(uint32(number)<<s.shift+i)), s.value(c, i)) || s.state == closed {
						return
					}
				}
			}
		}
	}
}

// Close frees all memory. Any later use except Len and Close panics with an *alloc.MisuseError of
// kind UseAfterClose.
func (s *Slots[T]) Close() {
	if s.state == closed {
		return
	}
	s.state.begin("Slots.Close")
	for _, c := range s.chunks {
		s.memory.Free(c.Pointer())
	}
	alloc.FreeSlice(s.memory, s.chunks)
	s.chunks, s.room, s.count, s.state = nil, 0, 0, closed
}
