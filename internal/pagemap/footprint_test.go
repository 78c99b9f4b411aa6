// SPDX-License-Identifier: Apache-2.0

package pagemap

import (
	"sync"
	"testing"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Each kernel page of entries is charged once, no matter who reserves it and how often.
func TestFootprint(t *testing.T) {
	reach := vm.PageSize() / wordBytes * page // address space whose entries fill one kernel page
	base := fresh(40*reach, 11*reach)
	reserve(t, base-1, 1) // the leaf, and the page before
	before := metadata.Space.Footprint.Now()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for a := base; a < base+10*reach; a += reach / 4 {
				_ = Reserve(a, page) // the leaf exists
			}
			_ = Reserve(base, 10*reach)
		})
	}
	wg.Wait()
	if n := metadata.Space.Footprint.Now() - before; n != 10*int64(vm.PageSize()) {
		t.Errorf("10 pages of entries are charged as %d bytes", n)
	}
}
