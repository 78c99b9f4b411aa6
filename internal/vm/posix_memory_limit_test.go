// SPDX-License-Identifier: Apache-2.0

//go:build linux && ashlar_posix && !ashlar_heap

package vm

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestMemoryLimit: the limit is the machine's memory, or what setrlimit allows if that is less.
func TestMemoryLimit(t *testing.T) {
	machine, err := MemoryLimit()
	must(t, err)
	if machine < 64*mib {
		t.Fatalf("the machine has %d bytes", machine)
	}
	var before unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_AS, &before))
	if before.Cur < uint64(machine) {
		t.Skip("the process has a limit already")
	}
	for _, c := range []struct{ allowed, want int64 }{{machine - mib, machine - mib}, {machine + mib, machine}} {
		must(t, unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: uint64(c.allowed), Max: before.Max}))
		got, err := MemoryLimit()
		must(t, unix.Setrlimit(unix.RLIMIT_AS, &before))
		if got != c.want || err != nil {
			t.Errorf("with RLIMIT_AS of %d bytes: %d, %v, want %d", c.allowed, got, err, c.want)
		}
	}
}
