// SPDX-License-Identifier: Apache-2.0

package suite

import "fmt"

func init() { register(20, larson()) }

const (
	larsonSmallest    = 8
	larsonLargest     = 999
	larsonSlots       = 5000
	larsonGenerations = 4
	larsonRounds      = 500_000 // of a generation, all goroutines together
)

// larson is Larson and Krishnan's server ("Memory Allocation for Long-Running Server Applications", ISMM
// 1998) as mimalloc-bench runs it: larson 5 8 1000 5000 100 4141 P. Each thread fills its slots, shuffles
// them, and replaces four times as many at random. Then it replaces a random slot 500,000 times, and a
// successor inherits the slots. The source does so for 5 s; here there are four generations, and the
// goroutines share the 500,000.
func larson() *Workload {
	return &Workload{
		Name:       "larson",
		Goroutines: []int{1, 2, 16},
		Largest:    larsonLargest,
		MaxLive:    larsonSlots * 16,
		Operation:  "replacement",
		parameters: func(goroutines int, scale float64) string {
			return fmt.Sprintf("%d–%d B, %d slots a goroutine, %d generations of %d random replacements",
				larsonSmallest, larsonLargest, larsonSlots, larsonGenerations, partOf(larsonRounds, goroutines, scale))
		},
		prepare: func(t *Team) func() {
			slots := make([][]block, len(t.workers))
			for i := range slots {
				slots[i] = newSlots(larsonSlots)
			}
			return func() {
				t.each(func(w *worker) { w.larsonWarmUp(slots[w.index]) })
				t.start()
				t.each(func(w *worker) {
					for range larsonGenerations {
						w.inSuccessor(func() { w.larsonReplace(slots[w.index], t.part(larsonRounds)) })
					}
				})
				t.each(func(w *worker) { w.freeAll(slots[w.index]) })
			}
		},
	}
}

func (w *worker) larsonWarmUp(slots []block) {
	for i := range slots {
		w.replace(&slots[i], w.larsonSize())
	}
	for i := len(slots) - 1; i > 0; i-- {
		j := w.random.below(i + 1)
		slots[i], slots[j] = slots[j], slots[i]
	}
	w.larsonReplace(slots, 4*len(slots))
}

func (w *worker) larsonReplace(slots []block, n int) {
	for range n {
		w.replace(&slots[w.random.below(len(slots))], w.larsonSize())
	}
}

func (w *worker) larsonSize() int {
	return larsonSmallest + w.random.below(larsonLargest-larsonSmallest+1)
}
