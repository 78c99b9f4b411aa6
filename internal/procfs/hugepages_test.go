// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"testing"
	"testing/fstest"
)

func TestNoHugePages(t *testing.T) {
	const name = "sys/kernel/mm/transparent_hugepage/enabled"
	for text, want := range map[string]bool{
		"always madvise [never]\n": true, "always [madvise] never\n": false, "[always] madvise never\n": false,
	} {
		if got := NoHugePages(fstest.MapFS{name: {Data: []byte(text)}}); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if NoHugePages(fstest.MapFS{}) {
		t.Error("NoHugePages is true for a system without the file")
	}
}
