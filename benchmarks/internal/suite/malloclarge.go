package suite

import (
	"fmt"
)

const (
	largeSlots    = 20
	largeSmallest = 5 << 20
	largeLargest  = 25 << 20
	largeRounds   = 30
)

// mallocLarge is mimalloc-bench's malloc-large: random ones of 20 blocks of 5 to 25 MiB are replaced by zeroed
// ones. The source does so 2,000 times; here it is 30.
func mallocLarge() *Workload {
	return &Workload{
		Name:       "malloc-large",
		Goroutines: []int{1},
		Largest:    largeLargest,
		Most:       largeSlots,
		Operation:  "block",
		parameters: func(_ int, scale float64) string {
			return fmt.Sprintf("%d slots, %d–%d MiB, %d random replacements, zeroed, one byte a page written",
				largeSlots, largeSmallest>>20, largeLargest>>20, scaled(largeRounds, scale))
		},
		prepare: func(t *Team) func() {
			slots := make([]block, largeSlots)
			return func() {
				t.each(func(h *hand) {
					for range t.rounds(largeRounds) {
						slot := &slots[h.random.below(largeSlots)]
						h.free(*slot)
						*slot = h.zeroed(largeSmallest + h.random.below(largeLargest-largeSmallest+1))
						slot.touch()
					}
					h.freeAll(slots)
				})
			}
		},
	}
}

// zeroed is alloc of a block that must be zero, which is looked at in each page.
func (h *hand) zeroed(size int) block {
	b := block{Zeroed(h.worker, size), uint32(size), h.nextTag()}
	for at := 0; at < size; at += pageSize {
		h.expect(block{b.address, b.size, 0}, at)
	}
	h.expect(block{b.address, b.size, 0}, size-1)
	*(*byte)(b.address) = b.tag
	*b.last() = b.tag
	h.book(size)
	h.ops++
	return b
}
