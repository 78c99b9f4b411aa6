// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"syscall"
	"testing"
)

// blocks returns the disk space of a file, in bytes.
func blocks(t testing.TB, path string) int64 {
	t.Helper()
	var s syscall.Stat_t
	if err := syscall.Stat(path, &s); err != nil {
		t.Fatal(err)
	}
	return s.Blocks * 512
}
