// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package callback

import (
	"runtime"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// TestCallbacks: threads of C use the allocator through callbacks, write to blocks and
// pass them on, while the number of processors changes.
func TestCallbacks(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 16} {
		runtime.GOMAXPROCS(procs)
		a, err := alloc.NewAllocator(alloc.Options{Decay: -1})
		if err != nil {
			t.Fatal(err)
		}
		if n := run(a, 12, 400); n > 0 {
			t.Errorf("%d processors: %d blocks were damaged or missing", procs, n)
		}
		a.Trim()
		if s := a.Stats(); s.Live() != 0 || s.Large.Live != 0 || s.Footprint.Now != 0 {
			t.Errorf("%d processors: %d small and %d large blocks, %d bytes are left",
				procs, s.Live(), s.Large.Live, s.Footprint.Now)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}
