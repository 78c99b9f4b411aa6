// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/stats"
)

// reconcile compares what the Allocator counts with what the model knows.
func (p *player) reconcile() error {
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
		return fmt.Errorf("%d large objects are counted, %d are live", got, want)
	}
	if got, want := s.Memory.LargeRequested, p.wanted; got != want {
		return fmt.Errorf("%d bytes of large objects are counted as requested, %d were", got, want)
	}
	return nil
}

// agrees compares the sums of class c with what was counted:
//
//	Blocks = Live + Quarantined + Cached + InDepot + Idle,  Live and Allocs = the model's
//	Requested = the model's, to 1/1024 for blocks above 1 KiB
func (w classSums) agrees(c sizeclass.Class, got *stats.Class, checked bool) error {
	if got.Live != w.live {
		return fmt.Errorf("%d are counted as live, %d are: %+v", got.Live, w.live, *got)
	}
	if n := got.Live + got.Quarantined + got.Cached + got.InDepot + got.Idle; n != got.Blocks {
		return fmt.Errorf("%d blocks are counted one by one, there are %d: %+v", n, got.Blocks, *got)
	}
	// A checked block may be undone, if there is no metadata for its record.
	if got.Allocs != w.allocs && (!checked || got.Allocs < w.allocs) {
		return fmt.Errorf("%d allocations are counted, %d were made", got.Allocs, w.allocs)
	}
	slack := int64(0)
	if c.Size() > 1<<10 {
		slack = w.live * int64(c.Size()) / 1024
	}
	if off := got.Requested - w.asked; off < -slack || off > slack {
		return fmt.Errorf("%d bytes are counted as requested, %d were, in %d blocks", got.Requested, w.asked, w.live)
	}
	return nil
}
