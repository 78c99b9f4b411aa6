package suite

import "fmt"

const (
	larsonSmallest    = 8
	larsonLargest     = 999
	larsonSlots       = 5000
	larsonGenerations = 4
	larsonRounds      = 500_000 // of a generation, all goroutines together
)

// larson is Larson and Krishnan's server ("Memory Allocation for Long-Running Server Applications", ISMM 1998)
// as mimalloc-bench runs it: larson 5 8 1000 5000 100 4141 P. Each thread fills its slots, shuffles them and
// replaces four times as many at random; then it replaces 500,000 times a random one, and a successor inherits
// the slots. The source does so for 5 s; here it is four generations, and the goroutines share the 500,000.
func larson() *Workload {
	return &Workload{
		Name:       "larson",
		Goroutines: []int{1, 2, 16},
		Largest:    larsonLargest,
		Most:       larsonSlots * 16,
		Operation:  "replacement",
		parameters: func(goroutines int, scale float64) string {
			return fmt.Sprintf("%d–%d B, %d slots a goroutine, %d generations of %d random replacements",
				larsonSmallest, larsonLargest, larsonSlots, larsonGenerations, partOf(larsonRounds, goroutines, scale))
		},
		prepare: func(t *Team) func() {
			slots := make([][]block, len(t.hands))
			for i := range slots {
				slots[i] = make([]block, larsonSlots)
			}
			return func() {
				t.each(func(h *hand) { h.larsonWarmUp(slots[h.index]) })
				t.start()
				t.each(func(h *hand) {
					for range larsonGenerations {
						h.inSuccessor(func() { h.larsonReplace(slots[h.index], t.part(larsonRounds)) })
					}
				})
				t.each(func(h *hand) { h.freeAll(slots[h.index]) })
			}
		},
	}
}

func (h *hand) larsonWarmUp(slots []block) {
	for i := range slots {
		h.replace(&slots[i], h.larsonSize())
	}
	for i := len(slots) - 1; i > 0; i-- {
		j := h.random.below(i + 1)
		slots[i], slots[j] = slots[j], slots[i]
	}
	h.larsonReplace(slots, 4*len(slots))
}

func (h *hand) larsonReplace(slots []block, n int) {
	for range n {
		h.replace(&slots[h.random.below(len(slots))], h.larsonSize())
	}
}

func (h *hand) larsonSize() int {
	return larsonSmallest + h.random.below(larsonLargest-larsonSmallest+1)
}
