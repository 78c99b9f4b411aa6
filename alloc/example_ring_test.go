// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/ashlar-go/ashlar/alloc"
)

// A bufferRing hands a fixed number of buffers from goroutine to goroutine. They are one
// block outside the Go heap; what goes through the channels are their numbers.
//
//	idle ──► Empty ─► producer ─► Hand ──► full ──► Next ─► consumer ─► Return ──► idle
type bufferRing struct {
	heap       *alloc.Allocator
	memory     []byte
	size       int
	idle, full chan slot
}

// A slot is a buffer and how much of it is filled.
type slot struct{ number, length int32 }

func newBufferRing(heap *alloc.Allocator, buffers, size int) (*bufferRing, error) {
	memory, err := alloc.MakeSlice[byte](heap, buffers*size, buffers*size)
	if err != nil {
		return nil, err
	}
	r := &bufferRing{heap: heap, memory: memory, size: size,
		idle: make(chan slot, buffers), full: make(chan slot, buffers)}
	for i := range buffers {
		r.idle <- slot{number: int32(i)}
	}
	return r, nil
}

func (r *bufferRing) bytes(s slot) []byte {
	start := int(s.number) * r.size
	return r.memory[start : start+r.size : start+r.size]
}

// Empty waits for a buffer that nobody uses.
func (r *bufferRing) Empty() (slot, []byte) {
	s := <-r.idle
	return s, r.bytes(s)
}

// Hand gives a buffer with n bytes in it to a consumer. The producer must not touch it
// any more.
func (r *bufferRing) Hand(s slot, n int) { r.full <- slot{s.number, int32(n)} }

// Next waits for a filled buffer; false says that there will be no more.
func (r *bufferRing) Next() (slot, []byte, bool) {
	s, ok := <-r.full
	return s, r.bytes(s)[:s.length], ok
}

// Return gives a buffer back. The consumer must not touch it any more.
func (r *bufferRing) Return(s slot) { r.idle <- s }

// End says that nothing more will be handed over.
func (r *bufferRing) End() { close(r.full) }

// Close frees the buffers, when everybody has let go of them.
func (r *bufferRing) Close() { alloc.FreeSlice(r.heap, r.memory) }

// carry sends messages from producers to consumers and returns the sums of what was sent
// and of what arrived.
func carry(r *bufferRing, producers, consumers, messages int) (sent, arrived uint64) {
	var making, taking sync.WaitGroup
	var mu sync.Mutex
	for p := range producers {
		making.Go(func() {
			sum := uint64(0)
			for i := range messages {
				s, b := r.Empty()
				n := 1 + i*131%len(b)
				b[0], b[n-1] = byte(p), byte(i)
				sum += uint64(crc32.ChecksumIEEE(b[:n]))
				r.Hand(s, n)
			}
			mu.Lock()
			defer mu.Unlock()
			sent += sum
		})
	}
	for range consumers {
		taking.Go(func() {
			sum := uint64(0)
			for s, b, ok := r.Next(); ok; s, b, ok = r.Next() {
				sum += uint64(crc32.ChecksumIEEE(b))
				r.Return(s)
			}
			mu.Lock()
			defer mu.Unlock()
			arrived += sum
		})
	}
	making.Wait()
	r.End()
	taking.Wait()
	return sent, arrived
}

// A ring of buffers that goroutines hand to one another.
func Example_ring() {
	var heap alloc.Allocator
	r, err := newBufferRing(&heap, 16, 4<<10)
	if err != nil {
		fmt.Println(err)
		return
	}
	sent, arrived := carry(r, 3, 2, 1000)
	fmt.Println(sent == arrived && sent > 0)
	r.Close()
	fmt.Println(heap.Close())
	// Output:
	// true
	// <nil>
}
