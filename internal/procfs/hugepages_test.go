// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"testing"
	"testing/fstest"
)

func TestHugePages(t *testing.T) {
	const name = "sys/kernel/mm/transparent_hugepage/enabled"
	for text, want := range map[string]struct{ no, always bool }{
		"always madvise [never]\n": {no: true}, "always [madvise] never\n": {}, "[always] madvise never\n": {always: true},
	} {
		root := fstest.MapFS{name: {Data: []byte(text)}}
		if no, always := NoHugePages(root), AlwaysHugePages(root); no != want.no || always != want.always {
			t.Errorf("%q: no %v, always %v, want %v", text, no, always, want)
		}
	}
	if root := (fstest.MapFS{}); NoHugePages(root) || AlwaysHugePages(root) {
		t.Error("a system without the file is configured")
	}
}
