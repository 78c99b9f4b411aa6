// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"os"
	"testing"
)

// blocks returns the length of a file, in bytes: its disk space.
func blocks(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
