// SPDX-License-Identifier: Apache-2.0

package suite

import "fmt"

func init() { register(10, windows()...) }

// Windows of 1 are immediate pairs: each block is freed right after it was touched. In a window of 64 the
// oldest block is freed.
var (
	windowSizes   = []int{16, 64, 1 << 10, 8 << 10, 128 << 10, 1 << 20}
	windowLengths = []int{1, 64}
)

const windowOps = 1_000_000

func windows() []*Workload {
	var all []*Workload
	for _, length := range windowLengths {
		for _, size := range windowSizes {
			all = append(all, window(length, size))
		}
	}
	return all
}

func window(length, size int) *Workload {
	// Large blocks take long to touch, so there are fewer of them; but the ring comes round several times.
	rounds := func(scale float64) int { return max(scaled(windowOps/max(size>>10, 1), scale), 4*length) }
	return &Workload{
		Name:       fmt.Sprintf("window=%d/size=%d", length, size),
		Goroutines: []int{1},
		Largest:    size,
		MaxLive:    length,
		Operation:  "block",
		parameters: func(_ int, scale float64) string {
			return fmt.Sprintf("%d blocks of %d B, one byte a page written, %d live", rounds(scale), size, length)
		},
		prepare: func(t *Team) func() {
			ring, rounds := newSlots(length), rounds(t.scale)
			return func() {
				t.each(func(w *worker) {
					for at := range rounds {
						slot := &ring[at%length]
						w.replace(slot, size)
						slot.touch()
						if length == 1 {
							w.free(*slot)
							slot.address = nil
						}
					}
					w.freeAll(ring)
				})
			}
		},
	}
}
