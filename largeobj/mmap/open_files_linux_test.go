// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"os"
	"testing"
)

// openFiles returns how many descriptors the process has.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(entries)
}
