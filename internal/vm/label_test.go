// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"bytes"
	"fmt"
	"os"
	"testing"
)

// TestLabel: a mapping shows its name if the kernel supports names. Otherwise the kernel
// is asked only once.
func TestLabel(t *testing.T) {
	var s Space
	_, m, err := s.Map(4*PageSize(), PageSize())
	if err != nil {
		t.Skip(err)
	}
	defer s.Release(m)
	s.Label(m, "ashlar test")
	if unlabelled.Load() {
		s.Label(m, "ashlar test")
		if n := s.Calls(OpName); n > 1 {
			t.Errorf("Label called the kernel %d times", n)
		}
		t.Skip("this kernel does not support names")
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	for line := range bytes.Lines(maps) {
		if bytes.HasPrefix(line, fmt.Appendf(nil, "%x-%x ", m.Base, m.Base+m.Size)) {
			if !bytes.Contains(line, []byte("[anon:ashlar test]")) {
				t.Errorf("the mapping's line is %s", line)
			}
			return
		}
	}
	t.Errorf("no separate mapping at %#x in\n%s", m.Base, maps)
}
