// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"bytes"
	"io/fs"
)

// NoHugePages reports whether the system is configured never to use transparent huge
// pages, even if advised to.
func NoHugePages(root fs.FS) bool { return hugePagesAre(root, "[never]") }

// AlwaysHugePages reports whether the system is configured to use transparent huge pages
// everywhere, even if not advised to.
func AlwaysHugePages(root fs.FS) bool { return hugePagesAre(root, "[always]") }

func hugePagesAre(root fs.FS, mode string) bool {
	text, err := fs.ReadFile(root, "sys/kernel/mm/transparent_hugepage/enabled")
	return err == nil && bytes.Contains(text, []byte(mode))
}
