// SPDX-License-Identifier: Apache-2.0

package suite

import "fmt"

func init() { register(50, sh8bench()) }

// sh8Sizes has the weights of sizes in bytes.
var sh8Sizes = []struct{ size, weight int }{
	{8, 1000}, {16, 5000}, {48, 1000}, {72, 100}, {148, 100}, {200, 100},
	{520, 10}, {1056, 5}, {4096, 3}, {9162, 1}, {34562, 1}, {168524, 1},
}

const (
	sh8Rounds  = 350_000 // of a goroutine
	sh8Slots   = 500_000 // of all goroutines
	sh8Shared  = 1_000_000
	sh8Smalls  = 8 // bytes of a shared block
	sh8Largest = 168524
)

// sh8bench is the successor of sh6bench, with 2P threads: blocks by a histogram of sizes through the same
// ring, and besides these blocks of 8 B that the first thread allocates and all threads free. The source
// has 700,000 rounds in each thread, a million slots divided by the threads, and ten million shared blocks.
// Here rounds and slots are half of that and scale together, because the ring must come round; shared
// blocks are a tenth.
func sh8bench() *Workload {
	return &Workload{
		Name:       "sh8bench",
		Goroutines: []int{4},
		Largest:    sh8Largest,
		MaxLive:    sh8Slots + sh8Shared,
		Operation:  "block",
		parameters: func(goroutines int, scale float64) string {
			return fmt.Sprintf("%d blocks a goroutine by a histogram of 8–%d B, %d slots each; %d blocks of %d B from the first goroutine",
				scaled(sh8Rounds, scale), sh8Largest, scaled(sh8Slots, scale)/goroutines, scaled(sh8Shared, scale), sh8Smalls)
		},
		prepare: func(t *Team) func() {
			rings := newKeepRings(len(t.workers), t.rounds(sh8Slots)/len(t.workers))
			table, rounds := sh8Table(), t.rounds(sh8Rounds)
			shared := newSlots(t.rounds(sh8Shared))
			return func() {
				first := t.workers[0]
				for i := range shared {
					shared[i] = first.alloc(sh8Smalls)
				}
				t.each(func(w *worker) {
					from, to := bounds(len(shared), w.index, len(t.workers))
					w.freeAll(shared[from:to])
					for range rounds {
						rings[w.index].put(w, w.alloc(int(table[w.random.below(len(table))])))
					}
					rings[w.index].freeRest(w)
				})
			}
		},
	}
}

// sh8Table lists each size as often as its weight says.
func sh8Table() []int32 {
	var table []int32
	for _, s := range sh8Sizes {
		for range s.weight {
			table = append(table, int32(s.size))
		}
	}
	return table
}

// bounds are those of the i-th of n equal parts of a list.
func bounds(length, i, n int) (from, to int) { return length * i / n, length * (i + 1) / n }
