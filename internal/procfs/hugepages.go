// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// NoHugePages reports whether the system is configured never to use transparent huge
// pages, even if advised to.
func NoHugePages(root fs.FS) bool { return hugePagesAre(root, hugePages+"enabled", "[never]") }

// AlwaysHugePages reports whether the system is configured to use transparent huge pages
// everywhere, even if not advised to. Since Linux 6.8 each size has a setting of its own, which
// may differ from the common one.
func AlwaysHugePages(root fs.FS) bool {
	if hugePagesAre(root, hugePages+"enabled", "[always]") {
		return true
	}
	sizes, err := fs.ReadDir(root, path.Clean(hugePages))
	return err == nil && slices.ContainsFunc(sizes, func(size fs.DirEntry) bool {
		return strings.HasPrefix(size.Name(), "hugepages-") &&
			hugePagesAre(root, hugePages+size.Name()+"/enabled", "[always]")
	})
}

const hugePages = "sys/kernel/mm/transparent_hugepage/"

func hugePagesAre(root fs.FS, name, mode string) bool {
	text, err := fs.ReadFile(root, name)
	return err == nil && bytes.Contains(text, []byte(mode))
}
