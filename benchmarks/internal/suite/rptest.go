// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"math"
	"sync"
)

func init() { register(100, rptest()) }

const (
	rptestLoops    = 4000 // of all goroutines
	rptestSlots    = 1000
	rptestSmallest = 8
	rptestLargest  = 16000
)

// rptest is rpmalloc's benchmark as mimalloc-bench runs it: rptest P 0 1 2 500 1000 100 8 16000. In each
// loop a thread allocates 30 to 99 blocks into the next of its 1,000 slots, with sizes whose density falls
// linearly, and frees 0.8 times as many. Every second loop it hands as many blocks to the next thread,
// which frees them. Each page is touched. The source does 500 loops in each thread; here the threads share
// 4,000. The source also has alignments of 0, 8 and 16, which are left out here.
func rptest() *Workload {
	return &Workload{
		Name:       "rptest",
		Goroutines: []int{1, 2, 16},
		Largest:    rptestLargest,
		MaxLive:    rptestSlots * 16,
		Operation:  "block",
		parameters: func(goroutines int, scale float64) string {
			return fmt.Sprintf("%d–%d B, fewer with size, %d loops a goroutine of 30–99 blocks, %d slots, each second loop as many for another goroutine",
				rptestSmallest, rptestLargest, partOf(rptestLoops, goroutines, scale), rptestSlots)
		},
		prepare: func(t *Team) func() {
			mail := make([]mailbox, len(t.workers))
			slots := make([][]block, len(t.workers))
			for i := range slots {
				slots[i] = newSlots(rptestSlots)
			}
			return func() {
				t.each(func(w *worker) {
					w.rptest(slots[w.index], t.part(rptestLoops), &mail[w.index], &mail[(w.index+1)%len(mail)])
				})
				t.each(func(w *worker) {
					w.freeAll(slots[w.index])
					w.freeAll(mail[w.index].take())
				})
			}
		},
	}
}

func (w *worker) rptest(slots []block, loops int, mine, next *mailbox) {
	var batch [100]block
	allocated, freed := 0, 0
	for loop := range loops {
		w.freeAll(mine.take())
		n := 30 + w.random.below(70)
		for range n * 8 / 10 {
			slot := &slots[freed%len(slots)]
			freed++
			w.free(*slot)
			slot.address = nil
		}
		for range n {
			slot := &slots[allocated%len(slots)]
			allocated++
			w.free(*slot)
			*slot = w.rptestBlock()
		}
		if loop%2 == 1 {
			for i := range n {
				batch[i] = w.rptestBlock()
			}
			next.put(batch[:n])
		}
	}
}

func (w *worker) rptestBlock() block {
	size := rptestSmallest + int((rptestLargest-rptestSmallest)*(1-math.Sqrt(w.random.share())))
	b := w.alloc(size)
	b.touch()
	return b
}

// A mailbox holds blocks that its owner has to free. The mutex guards both lists. The owner takes one list,
// puts the list that it emptied before into its place, and empties the one it took, so no list is allocated
// again.
type mailbox struct {
	mutex         sync.Mutex
	blocks, taken []block
	_             cacheLine
}

func (m *mailbox) put(blocks []block) {
	m.mutex.Lock()
	m.blocks = append(m.blocks, blocks...)
	m.mutex.Unlock()
}

func (m *mailbox) take() []block {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.blocks, m.taken = m.taken[:0], m.blocks
	return m.taken
}
