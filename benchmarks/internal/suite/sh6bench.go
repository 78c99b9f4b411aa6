// SPDX-License-Identifier: Apache-2.0

package suite

import "fmt"

func init() { register(40, sh6bench()) }

const (
	sh6Rounds  = 100 // of all goroutines
	sh6Slots   = 10_000
	sh6Largest = 1000
)

// sh6bench is MicroQuill's benchmark of SmartHeap as mimalloc-bench runs it, with 2P threads. A round goes
// over the sizes 1, 2, 4, 7 … below 1000 (each half as large again, and one), each halved down to 1: 250
// blocks of each size below 100 B and 50 of each above. The source does 10,000 rounds, divided by the
// threads, with as many slots; here it is a hundredth of the rounds.
func sh6bench() *Workload {
	return &Workload{
		Name:       "sh6bench",
		Goroutines: []int{4},
		Largest:    sh6Largest,
		MaxLive:    sh6Slots,
		Operation:  "block",
		parameters: func(goroutines int, scale float64) string {
			return fmt.Sprintf("%d rounds a goroutine of sizes below %d B, %d slots each, a fifth kept",
				scaled(sh6Rounds/goroutines, scale), sh6Largest, sh6Slots/goroutines)
		},
		prepare: func(t *Team) func() {
			rings := newKeepRings(len(t.workers), sh6Slots/len(t.workers))
			rounds := t.rounds(sh6Rounds / len(t.workers))
			return func() {
				t.each(func(w *worker) {
					for range rounds {
						w.sh6Round(rings[w.index])
					}
					rings[w.index].freeRest(w)
				})
			}
		},
	}
}

func (w *worker) sh6Round(r *keepRing) {
	for base := 1; base < sh6Largest; base += base/2 + 1 {
		for size := base; size > 0; size /= 2 {
			n := 250
			if size >= 100 {
				n = 50
			}
			for range n {
				r.put(w, w.alloc(size))
			}
		}
	}
}

// A keepRing is the slots of a goroutine in sh6bench and sh8bench. When the end is reached, a fifth of the
// slots keep their blocks, another fifth each time. The blocks before these slots are freed first to last,
// and the blocks after them last to first.
type keepRing struct {
	slots      []block
	at         int // the next slot to fill
	start, end int // of the slots that are kept
	_          cacheLine
}

func newKeepRings(n, slots int) []*keepRing {
	rings := make([]*keepRing, n)
	for i := range rings {
		rings[i] = &keepRing{slots: newSlots(max(slots, 5))}
	}
	return rings
}

func (r *keepRing) put(w *worker, b block) {
	r.slots[r.at] = b
	r.at++
	if r.at == r.start {
		r.at = r.end
	}
	if r.at == len(r.slots) {
		r.turn(w)
	}
}

func (r *keepRing) turn(w *worker) {
	r.start = r.end
	if r.start == len(r.slots) {
		r.start = 0
	}
	r.end = min(r.start+len(r.slots)/5, len(r.slots))
	w.freeAll(r.slots[:r.start])
	for at := len(r.slots) - 1; at >= r.end; at-- {
		w.free(r.slots[at])
		r.slots[at].address = nil
	}
	r.at = 0
	if r.start == 0 {
		r.at = r.end
	}
}

func (r *keepRing) freeRest(w *worker) { w.freeAll(r.slots) }
