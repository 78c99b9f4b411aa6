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
// them, and elsewhere they are left alone. The settings are not read for a few mappings, which are
// advised whatever the settings.
func TestPreferSmall(t *testing.T) {
	Require(t, HugePages)
	defer func(was func() bool) { hugeByDefault = was }(hugeByDefault)
	for _, always := range []bool{true, false} {
		read := 0
		hugeByDefault = func() bool { read++; return always }
		s := Space{Unannotated: true}
		for i := range fewMappings + 2 {
			start, m, err := s.Map(4<<20, 2<<20)
			if err != nil {
				t.Fatal(err)
			}
			early := i < fewMappings
			if got := slices.Contains(flagsAt(t, start), "nh"); got != (always || early) {
				t.Errorf("huge pages by default %v: mapping %d is advised against them: %v", always, i, got)
			}
			if early && read > 0 {
				t.Errorf("the settings were read for mapping %d", i)
			}
			if err := s.Release(m); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestCollapse: the contents of a range survive its way to huge pages. Where the kernel refuses, the
// error says why, and nothing has changed.
func TestCollapse(t *testing.T) {
	Require(t, HugePages)
	size := TransparentSize()
	if size == 0 {
		t.Skip("the kernel has no transparent huge pages")
	}
	s := Space{Unannotated: true}
	start, m := mapIn(t, &s, 2*size, size)
	defer release(t, &s, m)
	fill(start, 2*size, 5)
	if err := s.Collapse(start, 2*size); err != nil {
		t.Log(err)
	}
	check(t, "kept", start, 2*size, 5)
	if err := s.Collapse(start+1, size); err == nil {
		t.Error("an address that is no page's was accepted")
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
