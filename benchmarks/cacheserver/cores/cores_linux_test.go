// SPDX-License-Identifier: Apache-2.0

package cores

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestStart: a child runs on its half of the processors, and the parent keeps all of its own.
func TestStart(t *testing.T) {
	var before, after unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	first, second, err := Split()
	if err != nil {
		t.Skip(err)
	}
	if first.Count()+second.Count() != before.Count() || first.Count() < 1 || second.Count() < 1 {
		t.Errorf("%d processors were divided into %d and %d", before.Count(), first.Count(), second.Count())
	}
	for name, set := range map[string]*Set{"first": first, "second": second} {
		var out strings.Builder
		command := exec.Command("nproc")
		command.Stdout, command.Stderr = &out, os.Stderr
		if err := errors.Join(Start(set, command), command.Wait()); err != nil {
			t.Fatal(err)
		}
		if n, err := strconv.Atoi(strings.TrimSpace(out.String())); n != set.Count() || err != nil {
			t.Errorf("the child on the %s half sees %q processors, want %d", name, out.String(), set.Count())
		}
	}
	if err := unix.SchedGetaffinity(0, &after); err != nil || before != after {
		t.Errorf("the parent's processors changed from %v to %v, %v", before, after, err)
	}
}
