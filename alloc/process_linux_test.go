// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

func init() { children["process"] = process }

// TestProcess runs in a process of its own, so that only its own memory counts.
func TestProcess(t *testing.T) {
	vm.Require(t, vm.OffHeap)
	if raceEnabled {
		t.Skip("small blocks are in the Go heap")
	}
	runChild(t, "process")
}

// process compares the kernel's numbers of the allocator's memory with those of the
// allocator.
func process() error {
	const small, large = 32 << 20, 64 << 20
	var a Allocator
	a.options.Decay = -1
	view := a.Inspect().Process
	before, err := view()
	if err != nil {
		return err
	}
	for range small / 4096 {
		p, err := a.Malloc(4096)
		if err != nil {
			return err
		}
		fill(bytesAt(p, 4096), 1)
	}
	p, err := a.Malloc(large)
	if err != nil {
		return err
	}
	fill(bytesAt(p, large), 1)
	after, err := view()
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name          string
		before, after int64
	}{
		{"Ours.RSS", before.Ours.RSS, after.Ours.RSS},
		{"Ours.PSS", before.Ours.PSS, after.Ours.PSS},
		{"Ours.Referenced", before.Ours.Referenced, after.Ours.Referenced},
		{"All.RSS", before.All.RSS, after.All.RSS},
		{"RSS", before.RSS, after.RSS},
	} {
		if grown := c.after - c.before; grown < (small+large)*99/100 || grown > (small+large)*105/100 {
			return fmt.Errorf("%s grew by %d, want %d", c.name, grown, small+large)
		}
	}
	footprint := a.space.Footprint.Now()
	if got := after.Ours.RSS; got < footprint*98/100 || got > footprint*102/100 {
		return fmt.Errorf("%d bytes of ours are resident, the footprint is %d", got, footprint)
	}
	if after.Ours.Mapped < footprint || after.Ours.Mapped > after.All.Mapped || after.Ours.Count == 0 {
		return fmt.Errorf("of the allocator %+v, of the process %+v", after.Ours, after.All)
	}
	a.Free(p)
	a.Trim()
	freed, err := view()
	if err != nil {
		return err
	}
	if fell := after.Ours.RSS - freed.Ours.RSS; fell < large*99/100 {
		return fmt.Errorf("a large object was freed, the resident bytes fell by %d", fell)
	}
	return nil
}

func TestOverlap(t *testing.T) {
	mappings := []vm.Mapping{{Base: 10, Size: 10}, {Base: 20, Size: 5}, {Base: 40, Size: 10}}
	for _, c := range []struct {
		start, end, want uintptr
		rest             int
	}{
		{0, 5, 0, 3}, {0, 10, 0, 3}, {5, 15, 5, 3}, {12, 22, 10, 3}, {0, 100, 25, 3}, {20, 30, 5, 2}, {25, 40, 0, 1}, {45, 46, 1, 1}, {50, 60, 0, 0},
	} {
		got, rest := overlap(mappings, c.start, c.end)
		if got != c.want || len(rest) != c.rest {
			t.Errorf("[%d, %d): %d bytes, %d mappings left; want %d, %d", c.start, c.end, got, len(rest), c.want, c.rest)
		}
	}
}
