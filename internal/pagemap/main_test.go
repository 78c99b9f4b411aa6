// SPDX-License-Identifier: Apache-2.0

package pagemap

import (
	"os"
	"testing"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// callsAtStart is the number of kernel calls for memory before the first test.
var callsAtStart uint64

func TestMain(m *testing.M) {
	callsAtStart = metadata.Space.Calls(vm.OpMap)
	os.Exit(m.Run())
}

// runs counts the calls of fresh for each address.
var runs = map[uintptr]uintptr{}

// fresh returns addresses that were not reserved before, even if a test runs several
// times in this process: first addr, then addresses at distances of step.
func fresh(addr, step uintptr) uintptr {
	runs[addr]++
	return addr + (runs[addr]-1)*step
}

func TestImportCostsNothing(t *testing.T) {
	if callsAtStart != 0 {
		t.Errorf("%d mappings were made before the first Reserve", callsAtStart)
	}
}
