// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestPreferSmall: where the system uses huge pages by default, new mappings are advised against
// them, and elsewhere they are left alone.
func TestPreferSmall(t *testing.T) {
	Require(t, HugePages)
	defer func(was func() bool) { hugeByDefault = was }(hugeByDefault)
	for _, always := range []bool{true, false} {
		hugeByDefault = func() bool { return always }
		s := Space{Unannotated: true}
		start, m, err := s.Map(4<<20, 2<<20)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(flagsAt(t, start), "nh"); got != always {
			t.Errorf("huge pages by default %v: the mapping is advised against them: %v", always, got)
		}
		if err := s.Release(m); err != nil {
			t.Error(err)
		}
	}
}

// flagsAt returns the kernel's flags of the mapping that contains an address.
func flagsAt(t *testing.T, addr uintptr) []string {
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	inside := false
	for line := range strings.Lines(string(text)) {
		var from, to uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 {
			inside = from <= addr && addr < to
		}
		if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && inside {
			return strings.Fields(flags)
		}
	}
	t.Skip("the kernel shows no flags")
	return nil
}
