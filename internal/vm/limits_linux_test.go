// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// If the kernel refuses a call because of the number of mappings, the error names the
// limit. Other refusals do not name it.
func TestTooManyMappings(t *testing.T) {
	var s Space
	base, m := mapIn(t, &s, mib, PageSize())
	defer release(t, &s, m)
	defer func(limit func() int64) { MaxMappings = limit }(MaxMappings)
	Inject(func(Op) error { return syscall.ENOMEM })
	defer Inject(nil)
	for _, limit := range []int64{1 << 40, 10} {
		MaxMappings = func() int64 { return limit }
		_, mapping := s.MapKind(mib, Kind{})
		_, _, reserving := s.Reserve(mib, 2*mib, Kind{})
		for op, err := range map[string]error{
			"MapKind": mapping, "Reserve": reserving, "Protect": s.Protect(base, mib, NoAccess),
			"Remap": oom("mremap", mib, syscall.ENOMEM), "Map": oom("mmap", mib, syscall.ENOMEM),
		} {
			named := strings.Contains(err.Error(), "vm.max_map_count allows 10;")
			if !errors.Is(err, ErrOutOfMemory) || !errors.Is(err, syscall.ENOMEM) || named != (limit == 10) {
				t.Errorf("%s, limit %d: %v", op, limit, err)
			}
		}
	}
}

func TestCountLines(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lines")
	must(t, os.WriteFile(name, []byte(strings.Repeat("line\n", 12345)), 0o600))
	if n := countLines(name, make([]byte, 100)); n != 12345 {
		t.Errorf("%d lines", n)
	}
	if n := countMappings(); n < 5 || n > 10_000 {
		t.Errorf("%d mappings", n)
	}
}
