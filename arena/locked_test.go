// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestLocked: chunks are locked while the arena has them. Otherwise the error names the
// limit.
func TestLocked(t *testing.T) {
	vm.Require(t, vm.Locking)
	for _, checked := range []bool{false, true} {
		h := host(t)
		o := Options{Locked: true, Checked: checked, InitialSize: 16 << 10, Allocator: h}
		a, err := NewArenaWithOptions(o)
		if errors.Is(err, vm.ErrLockLimit) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			for range 100 {
				New[[1000]byte](a)[999] = 1
			}
			checkArena(t, a)
			a.Reset()
		}
		a.Free()
		if n := h.Trim(); n == 0 && !checked {
			t.Error("nothing was given back: locked pages cannot be purged")
		}
	}
}
