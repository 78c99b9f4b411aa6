// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"runtime"
	"syscall"
	"testing"

	"github.com/ashlar-go/ashlar/internal/invariants"
)

// faults returns the number of page faults of this thread so far.
func faults(t *testing.T) int64 {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		t.Fatal(err)
	}
	return int64(u.Minflt)
}

// TestRefillFaults: an arena of 64 MiB causes no page faults when it is reset and filled
// again.
func TestRefillFaults(t *testing.T) {
	if invariants.Enabled {
		t.Skip("checking invariants costs what this counts")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	a := open(t, Options{})
	fill := func() {
		for range 64 << 20 / 64 {
			New[[8]uint64](a)[7] = 1
		}
	}
	fill()
	fewest := int64(1 << 62)
	for range 3 { // the runtime and the test itself may need a page at some time
		before := faults(t)
		a.Reset()
		fill()
		fewest = min(fewest, faults(t)-before)
	}
	if fewest != 0 {
		t.Errorf("%d page faults", fewest)
	}
}
