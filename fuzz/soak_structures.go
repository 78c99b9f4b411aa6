// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/ashlar-go/ashlar/alloc"
)

// structures lets each worker play random operations on structures of package offheap, all of
// them in one Allocator. Afterwards nothing may be live.
func (s *soaking) structures(r *rand.Rand) error {
	a, err := alloc.NewAllocator(alloc.Options{Checked: r.IntN(4) == 0, Hardening: hardeningOf(r.IntN(8))})
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	for range s.workers {
		r := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
		all.Go(func() {
			input := make([]byte, 1<<10)
			for i := range input {
				input[i] = byte(r.Uint32())
			}
			if err := playStructures(a, newStream(input), nil); err != nil {
				s.violation(fmt.Errorf("structures: %w", err))
			}
		})
	}
	all.Wait()
	if s.failed() != nil {
		return nil
	}
	if n := a.Stats(); n.Live() != 0 {
		return fmt.Errorf("structures: %d blocks are live after Close of all", n.Live())
	}
	return a.Close()
}
