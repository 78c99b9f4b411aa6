// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestHolesResident asks the kernel whether the pages between live blocks really went, and
// whether the footprint is an upper bound of what is resident.
func TestHolesResident(t *testing.T) {
	vm.Require(t, vm.Purging)
	if raceEnabled {
		t.Skip("what the race detector knows of the blocks is resident as well")
	}
	const size, n, keep = 8 << 10, 8192, 2
	a := open(t, still)
	before := inRAM(t, a)
	kept := holes(t, a, a, size, n, keep)
	full := inRAM(t, a) - before
	a.Trim()
	left := inRAM(t, a) - before
	if want := int64(n * size / keep); full < 2*want*9/10 || left > want*115/100+4<<20 {
		t.Errorf("%d bytes were resident, and %d after Trim, for %d", full, left, want)
	}
	if now := a.space.Footprint.Now(); left > now+4<<20 {
		t.Errorf("%d bytes are resident, the footprint is %d", left, now)
	}
	wantKept(t, a, kept, size, keep)
}
