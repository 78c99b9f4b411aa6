// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
)

func init() { register(110, mallocLarge()) }

const (
	largeSlots    = 20
	largeSmallest = 5 << 20
	largeLargest  = 25 << 20
	largeRounds   = 30
)

// mallocLarge is mimalloc-bench's malloc-large: it replaces random ones of 20 blocks of 5 to 25 MiB by
// zeroed blocks. The source does so 2,000 times; here it is 30 times.
func mallocLarge() *Workload {
	return &Workload{
		Name:       "malloc-large",
		Goroutines: []int{1},
		Largest:    largeLargest,
		MaxLive:    largeSlots,
		Operation:  "block",
		parameters: func(_ int, scale float64) string {
			return fmt.Sprintf("%d slots, %d–%d MiB, %d random replacements, zeroed, one byte a page written",
				largeSlots, largeSmallest>>20, largeLargest>>20, scaled(largeRounds, scale))
		},
		prepare: func(t *Team) func() {
			slots := make([]block, largeSlots)
			return func() {
				t.each(func(w *worker) {
					for range t.rounds(largeRounds) {
						slot := &slots[w.random.below(largeSlots)]
						w.free(*slot)
						*slot = w.zeroed(largeSmallest + w.random.below(largeLargest-largeSmallest+1))
						slot.touch()
					}
					w.freeAll(slots)
				})
			}
		},
	}
}

// zeroed allocates a zeroed block, and checks one byte in each page.
func (w *worker) zeroed(size int) block {
	b := block{Zeroed(w.handle, size), uint32(size), w.nextTag()}
	for at := 0; at < size; at += pageSize {
		w.expect(block{b.address, b.size, 0}, at)
	}
	w.expect(block{b.address, b.size, 0}, size-1)
	*(*byte)(b.address) = b.tag
	*b.last() = b.tag
	w.account(size)
	w.ops++
	return b
}
