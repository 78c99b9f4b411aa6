// SPDX-License-Identifier: Apache-2.0

package suite

import "fmt"

func init() { register(80, glibcSimple(), glibcThread()) }

var (
	simpleSizes  = []int{16, 32, 64}
	simpleCounts = []int{25, 100, 400, 1600}
)

const simpleBlocks = 100_000 // of each size and count

// glibcSimple is bench-malloc-simple of the GNU C library: one thread allocates n blocks of one size,
// writes all of them, and frees one half first to last and the other half last to first. The source does so
// 2,000,000/n times for each size and n; here it is a twentieth.
func glibcSimple() *Workload {
	return &Workload{
		Name:       "glibc-simple",
		Goroutines: []int{1},
		Largest:    64,
		MaxLive:    1600,
		Operation:  "block",
		parameters: func(_ int, scale float64) string {
			return fmt.Sprintf("sizes %v B, %v at once, %d blocks of each, all written", simpleSizes, simpleCounts, scaled(simpleBlocks, scale))
		},
		prepare: func(t *Team) func() {
			blocks := newSlots(simpleCounts[len(simpleCounts)-1])
			return func() {
				t.each(func(w *worker) {
					for _, size := range simpleSizes {
						for _, n := range simpleCounts {
							for range max(t.rounds(simpleBlocks)/n, 1) {
								w.simpleRound(blocks[:n], size)
							}
						}
					}
				})
			}
		},
	}
}

func (w *worker) simpleRound(blocks []block, size int) {
	for i := range blocks {
		blocks[i] = w.fill(size)
	}
	half := len(blocks) / 2
	w.freeAll(blocks[:half])
	for i := len(blocks) - 1; i >= half; i-- {
		w.free(blocks[i])
		blocks[i].address = nil
	}
}

const (
	threadSlots    = 1024
	threadSizes    = 8000
	threadSmallest = 4
	threadLargest  = 32768
	threadRounds   = 800_000 // of all goroutines
)

// glibcThread is bench-malloc-thread of the GNU C library: each thread replaces random slots of 1,024. It
// takes the sizes of the new blocks from 8,000 that were drawn before, with a density in inverse proportion
// to the square of the size, and writes the whole block. The source does so for 2 s; here the threads share
// 800,000 replacements.
func glibcThread() *Workload {
	return &Workload{
		Name:       "glibc-thread",
		Goroutines: []int{1, 2, 16},
		Largest:    threadLargest,
		MaxLive:    threadSlots * 16,
		Operation:  "replacement",
		parameters: func(goroutines int, scale float64) string {
			return fmt.Sprintf("%d–%d B by inverse square, %d slots and %d random replacements a goroutine, all written",
				threadSmallest, threadLargest, threadSlots, partOf(threadRounds, goroutines, scale))
		},
		prepare: func(t *Team) func() {
			sizes := inverseSquareSizes()
			slots := make([][]block, len(t.workers))
			for i := range slots {
				slots[i] = newSlots(threadSlots)
			}
			return func() {
				t.each(func(w *worker) {
					mine := slots[w.index]
					for at := range t.part(threadRounds) {
						slot := &mine[w.random.below(threadSlots)]
						w.free(*slot)
						*slot = w.fill(sizes[at%threadSizes])
					}
					w.freeAll(mine)
				})
			}
		},
	}
}

// inverseSquareSizes inverts the distribution function of a density in proportion to 1/size².
func inverseSquareSizes() []int {
	r := newRandom(1000)
	sizes := make([]int, threadSizes)
	for i := range sizes {
		high, low := 1/float64(threadSmallest), 1/float64(threadLargest)
		sizes[i] = int(1 / (high - r.share()*(high-low)))
	}
	return sizes
}
