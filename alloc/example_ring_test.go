// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/ashlar-go/ashlar/alloc"
)

// A bufferRing passes a fixed number of buffers from goroutine to goroutine. The buffers
// are one block outside the Go heap; the channels carry their numbers.
//
//	idle ──► Empty ─► producer ─► Send ──► full ──► Next ─► consumer ─► Return ──► idle
type bufferRing struct {
	heap       *alloc.Allocator
	memory     []byte
	size       int
	idle, full chan slot
}

// A slot is the number of a buffer, and how many of its bytes are filled.
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

// Empty waits for an unused buffer.
func (r *bufferRing) Empty() (slot, []byte) {
	s := <-r.idle
	return s, r.bytes(s)
}

// Send passes a buffer with n bytes to a consumer. The producer must not use the buffer
// afterwards.
func (r *bufferRing) Send(s slot, n int) { r.full <- slot{s.number, int32(n)} }

// Next waits for a filled buffer. It returns false after End, when all buffers are
// consumed.
func (r *bufferRing) Next() (slot, []byte, bool) {
	s, ok := <-r.full
	return s, r.bytes(s)[:s.length], ok
}

// Return makes a buffer unused again. The consumer must not use it afterwards.
func (r *bufferRing) Return(s slot) { r.idle <- s }

// End says that no more buffers will be sent.
func (r *bufferRing) End() { close(r.full) }

// Close frees the buffers. Nobody may use them any more.
func (r *bufferRing) Close() { alloc.FreeSlice(r.heap, r.memory) }

// carry sends messages from producers to consumers. It returns the sums of what was sent
// and of what was received.
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
				r.Send(s, n)
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

// This program uses a ring of buffers between goroutines.
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
