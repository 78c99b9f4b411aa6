// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/vm"
)

const (
	// hugePagesFile has the system's setting of transparent huge pages.
	hugePagesFile = "/sys/kernel/mm/transparent_hugepage/enabled"
	// setHugePagesVar allows tests to change that setting for a moment. Other processes see it.
	setHugePagesVar = "ASHLAR_SET_HUGEPAGES"
)

// withHugePages runs the named test in a process of its own while the system's setting of
// transparent huge pages is mode.
func withHugePages(t *testing.T, mode, test string) {
	t.Helper()
	was, err := os.ReadFile(hugePagesFile)
	if err != nil {
		t.Skip("the kernel has no transparent huge pages:", err)
	}
	if !strings.Contains(string(was), "["+mode+"]") {
		if os.Getenv(setHugePagesVar) == "" {
			t.Skipf("%s is not %s; with %s=1 and as root the test sets it for a moment, and sets it back", hugePagesFile, mode, setHugePagesVar)
		}
		if err := os.WriteFile(hugePagesFile, []byte(mode), 0); err != nil {
			t.Skip("the setting cannot be changed:", err)
		}
		_, before, _ := strings.Cut(string(was), "[")
		before, _, _ = strings.Cut(before, "]")
		defer os.WriteFile(hugePagesFile, []byte(before), 0)
	}
	out, err := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+test) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestFootprintIsBoundAlways: where the system uses huge pages everywhere, the footprint is still
// an upper bound of what is resident.
func TestFootprintIsBoundAlways(t *testing.T) {
	withHugePages(t, "always", "TestFootprintIsBound")
}

// TestFootprintIsBound: the footprint is an upper bound of what is resident, however sparsely the
// memory is used, and after pages went back and were faulted in again.
func TestFootprintIsBound(t *testing.T) {
	vm.Require(t, vm.Purging)
	if raceEnabled {
		t.Skip("in race builds the Go heap's own huge pages decide what is resident")
	}
	a := open(t, still)
	bound := func(when string) {
		t.Helper()
		if resident, now := blocksInRAM(t, a), a.space.Footprint.Now(); resident > now {
			t.Errorf("%s: %d bytes are resident, the footprint is %d", when, resident, now)
		}
	}
	const size = 8 << 10
	var blocks []unsafe.Pointer
	for range 4096 {
		p := alloc(t, a, size)
		*(*byte)(p) = 1
		blocks = append(blocks, p)
	}
	bound("small blocks in use")
	for round := range 3 {
		for i, p := range blocks {
			if i%8 != 0 {
				a.Free(p)
				blocks[i] = nil
			}
		}
		bound("most are freed")
		a.Trim()
		bound("after Trim")
		for i, p := range blocks {
			if p == nil && i%64 == round+1 {
				blocks[i] = alloc(t, a, size)
			}
			if blocks[i] != nil {
				*(*byte)(blocks[i]) = 2
			}
		}
		bound("purged pages are used again")
		for i := range blocks {
			if blocks[i] == nil {
				blocks[i] = alloc(t, a, size)
			}
		}
	}
	var large []unsafe.Pointer
	for range 8 {
		p := alloc(t, a, 3<<20+100)
		*(*byte)(p) = 1
		large = append(large, p)
	}
	bound("large objects in use")
	for i := 0; i < len(large); i += 2 {
		a.Free(large[i])
	}
	for range 10 { // purged, and not yet unmapped
		_, _ = a.large.Purge(false)
	}
	for i := 1; i < len(large); i += 2 {
		fill(bytesAt(large[i], 3<<20), 1)
	}
	bound("half of them are purged")
}
