// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package largeheap

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// residentBytes returns the process' resident set.
func residentBytes(t testing.TB) int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(vm.PageSize())
}
