// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"math/bits"
)

func init() { register(130, queue()) }

const (
	queueSmallest = 512
	queueLargest  = 64 << 10
	queueLength   = 256
	queueBuffers  = 40_000 // of all producers
)

// queue is what a service does with the messages that it reads and passes on: producers fill buffers of 512
// B to 64 KiB, each doubling as likely as any other, and consumers take them from a channel, verify them
// and free them.
func queue() *Workload {
	return &Workload{
		Name:       "queue",
		Goroutines: []int{2, 16},
		Largest:    queueLargest,
		MaxLive:    queueLength,
		OnlyInGo:   true,
		Operation:  "buffer",
		parameters: func(goroutines int, scale float64) string {
			return fmt.Sprintf("%d producers of %d buffers, %d B–%d KiB log-uniform, one byte a page written, a channel of %d",
				goroutines/2, partOf(queueBuffers, goroutines/2, scale), queueSmallest, queueLargest>>10, queueLength)
		},
		prepare: func(t *Team) func() {
			producers := len(t.workers) / 2
			buffers := make(chan block, queueLength)
			return func() {
				done := make(chan struct{}, producers)
				go func() {
					for range producers {
						<-done
					}
					close(buffers)
				}()
				t.each(func(w *worker) {
					if w.index >= producers {
						for b := range buffers {
							w.free(b)
						}
						return
					}
					for range partOf(queueBuffers, producers, t.scale) {
						b := w.alloc(w.queueSize())
						b.touch()
						buffers <- b
					}
					done <- struct{}{}
				})
			}
		},
	}
}

func (w *worker) queueSize() int {
	doubling := w.random.below(bits.Len(queueLargest/queueSmallest - 1))
	low := queueSmallest << doubling
	return low + w.random.below(low) + 1
}
