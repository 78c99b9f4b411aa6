// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/stats"
)

// reconcile compares the Allocator's statistics with the model's.
func (p *runner) reconcile() error {
	if !p.alone {
		return nil
	}
	s, err := p.snapshot()
	if err != nil {
		return err
	}
	for c := range sizeclass.Class(sizeclass.Count) {
		if err := p.small[c].agrees(c, &s.Classes[c], p.checked); err != nil {
			return fmt.Errorf("blocks of %d bytes: %w", c.Size(), err)
		}
	}
	if got, want := s.Large.Live, int64(p.large); got != want {
		return fmt.Errorf("the statistics have %d large objects, but %d are live", got, want)
	}
	if got, want := s.Memory.LargeRequested, p.largeRequested; got != want {
		return fmt.Errorf("the statistics have %d requested bytes of large objects, but %d were requested", got, want)
	}
	return nil
}

// agrees compares the sums of class c with the statistics:
//
//	Blocks = Live + Quarantined + Cached + InDepot + Idle,  Live and Allocs = the model's
//	Requested = the model's, to 1/1024 for blocks above 1 KiB
func (w classSums) agrees(c sizeclass.Class, got *stats.Class, checked bool) error {
	if got.Live != w.live {
		return fmt.Errorf("the statistics have %d live blocks, but %d are live: %+v", got.Live, w.live, *got)
	}
	if n := got.Live + got.Quarantined + got.Cached + got.InDepot + got.Idle; n != got.Blocks {
		return fmt.Errorf("the states add up to %d blocks, but Blocks is %d: %+v", n, got.Blocks, *got)
	}
	// If there is no metadata for the record of a checked block, its allocation is
	// undone.
	if got.Allocs != w.allocs && (!checked || got.Allocs < w.allocs) {
		return fmt.Errorf("the statistics have %d allocations, but %d were made", got.Allocs, w.allocs)
	}
	slack := int64(0)
	if c.Size() > 1<<10 {
		slack = w.live * int64(c.Size()) / 1024
	}
	if off := got.Requested - w.requested; off < -slack || off > slack {
		return fmt.Errorf("the statistics have %d requested bytes, but %d were requested, in %d blocks", got.Requested, w.requested, w.live)
	}
	return nil
}
