// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"math/bits"
)

func init() { register(70, allocTest()) }

const (
	alloctestSlots   = 1 << 18   // of all goroutines
	alloctestToggles = 2_000_000 // of all goroutines
	alloctestLargest = 1024
	alloctestBands   = 7
)

// allocTest is the alloc-test of node-dot-cpp as mimalloc-bench runs it: random sizes and lifetimes. It
// fills half of 2^18/P slots, and then toggles slots: a full slot is freed, an empty one is filled. 80 % of
// the toggles go to 20 % of the slots, 80 % of those to 20 % of these, seven bands deep. Sizes double in
// seven steps, each half as likely as the step before. A block is written when it is allocated and read
// when it is freed. The source does 10⁸ toggles in each thread; here all goroutines share two million.
func allocTest() *Workload {
	return &Workload{
		Name:       "alloc-test",
		Goroutines: []int{1, 2},
		Largest:    alloctestLargest,
		MaxLive:    alloctestSlots,
		Operation:  "toggle",
		parameters: func(goroutines int, scale float64) string {
			return fmt.Sprintf("%d slots and %d toggles a goroutine, 80 %% of them to 20 %% of the slots, 5–%d B, all written and read",
				scaled(alloctestSlots, min(scale, 1))/goroutines, partOf(alloctestToggles, goroutines, scale), alloctestLargest)
		},
		prepare: func(t *Team) func() {
			slots := make([][]block, len(t.workers))
			for i := range slots {
				slots[i] = newSlots(scaled(alloctestSlots, min(t.scale, 1)) / len(t.workers))
			}
			bands := newBands()
			return func() {
				t.each(func(w *worker) {
					for i := 0; i < len(slots[w.index]); i += 2 {
						slots[w.index][i] = w.fill(w.alloctestSize())
					}
				})
				t.start()
				t.each(func(w *worker) { w.toggle(slots[w.index], t.part(alloctestToggles), bands) })
			}
		},
	}
}

// toggle does the toggles and frees the blocks that are left.
func (w *worker) toggle(slots []block, n int, bands *bands) {
	for range n {
		slot := &slots[bands.pick(&w.random, len(slots))]
		if slot.address != nil {
			w.drain(*slot)
			slot.address = nil
		} else {
			*slot = w.fill(w.alloctestSize())
		}
	}
	w.ops = n
	w.freeAll(slots)
}

func (w *worker) alloctestSize() int {
	index := bits.TrailingZeros(uint(1+w.random.below(128))) + 2
	return 1<<index + 1 + w.random.below(1<<index)
}

// bands are the Pareto bands: band i begins and ends at shares of the slots, and gets the toggles up to a
// share of all toggles.
type bands [alloctestBands]struct{ from, to, toggles float64 }

func newBands() *bands {
	b := new(bands)
	slots, toggles, to := 1.0, 0.0, 1.0
	for i := range b {
		share := 0.2 // of the toggles that the bands before it leave
		from := to - 0.8*slots
		if i == alloctestBands-1 {
			share, from = 1, 0
		}
		toggles += share * (1 - toggles)
		b[i].from, b[i].to, b[i].toggles = from, to, toggles
		slots, to = 0.2*slots, from
	}
	return b
}

// pick chooses a slot.
func (b *bands) pick(r *random, slots int) int {
	share := r.share()
	i := 0
	for i < alloctestBands-1 && share >= b[i].toggles {
		i++
	}
	from, to := int(b[i].from*float64(slots)), int(b[i].to*float64(slots))
	return min(from+r.below(max(to-from, 1)), slots-1)
}
