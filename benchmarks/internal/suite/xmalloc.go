// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"sync"
)

func init() { register(30, xmallocTest()) }

const (
	xmallocSize    = 64
	xmallocBatch   = 4096
	xmallocStack   = 100
	xmallocBatches = 200 // of all producers
)

// xmallocTest is Lever and Boreham's test ("malloc() Performance in a Multithreaded Linux Environment",
// USENIX 2000) as mimalloc-bench runs it: xmalloc-test -w P -t 5 -s 64. Producers allocate batches of
// objects, and a block for the batch itself, and push the batches on a stack of at most 100, guarded by a
// mutex. Consumers pop and free them. The source takes 5 s; here 200 batches are made. Half of the
// goroutines are producers.
func xmallocTest() *Workload {
	return &Workload{
		Name:       "xmalloc-test",
		Goroutines: []int{2, 4},
		Largest:    xmallocBatch * 8,
		MaxLive:    xmallocStack * xmallocBatch,
		Operation:  "object",
		parameters: func(goroutines int, scale float64) string {
			return fmt.Sprintf("%d producers, each of %d batches of %d objects of %d B; a stack of at most %d batches",
				goroutines/2, partOf(xmallocBatches, goroutines/2, scale), xmallocBatch, xmallocSize, xmallocStack)
		},
		prepare: func(t *Team) func() {
			producers := len(t.workers) / 2
			batches := partOf(xmallocBatches, producers, t.scale)
			s := newBatchStack(producers*batches, xmallocStack+len(t.workers))
			return func() {
				t.each(func(w *worker) {
					if w.index < producers {
						w.xmallocProduce(s, batches)
					} else {
						w.xmallocConsume(s)
					}
				})
			}
		},
	}
}

// A batch is a list of blocks. The block that the source keeps the list in is allocated, too; the list
// itself is where the collector sees it.
type batch struct {
	list   block
	blocks []block
}

func (w *worker) xmallocProduce(s *batchStack, batches int) {
	for range batches {
		b := s.empty()
		b.list = w.alloc(xmallocBatch * 8)
		for i := range b.blocks {
			b.blocks[i] = w.alloc(xmallocSize)
		}
		s.push(b)
	}
}

func (w *worker) xmallocConsume(s *batchStack) {
	for b := s.pop(); b != nil; b = s.pop() {
		w.freeAll(b.blocks)
		w.free(b.list)
		s.recycle(b)
	}
}

// A batchStack is the stack between producers and consumers. Its mutex guards all fields.
type batchStack struct {
	mutex   sync.Mutex
	changed sync.Cond
	full    []*batch
	unused  []*batch
	left    int // batches that are still to be popped
}

// newBatchStack has so many unused batches that nobody waits for one.
func newBatchStack(batches, unused int) *batchStack {
	s := &batchStack{left: batches}
	s.changed.L = &s.mutex
	for range unused {
		s.unused = append(s.unused, &batch{blocks: newSlots(xmallocBatch)})
	}
	return s
}

func (s *batchStack) empty() *batch {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	last := len(s.unused) - 1
	b := s.unused[last]
	s.unused = s.unused[:last]
	return b
}

func (s *batchStack) recycle(b *batch) {
	s.mutex.Lock()
	s.unused = append(s.unused, b)
	s.mutex.Unlock()
}

func (s *batchStack) push(b *batch) {
	s.mutex.Lock()
	for len(s.full) >= xmallocStack {
		s.changed.Wait()
	}
	s.full = append(s.full, b)
	s.mutex.Unlock()
	s.changed.Broadcast()
}

// pop returns nil after all batches were popped.
func (s *batchStack) pop() *batch {
	s.mutex.Lock()
	for len(s.full) == 0 && s.left > 0 {
		s.changed.Wait()
	}
	if s.left == 0 {
		s.mutex.Unlock()
		return nil
	}
	last := len(s.full) - 1
	b := s.full[last]
	s.full = s.full[:last]
	s.left--
	s.mutex.Unlock()
	s.changed.Broadcast()
	return b
}
