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
	size := fstest.MapFS{
		name: {Data: []byte("always madvise [never]\n")},
		"sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled":   {Data: []byte("[always] inherit madvise never\n")},
		"sys/kernel/mm/transparent_hugepage/hugepages-2048kB/enabled": {Data: []byte("always [inherit] madvise never\n")},
	}
	if !AlwaysHugePages(size) {
		t.Error("one size of huge pages is used everywhere, and AlwaysHugePages does not say so")
	}
	if root := (fstest.MapFS{}); NoHugePages(root) || AlwaysHugePages(root) {
		t.Error("a system without the file is configured")
	}
}
