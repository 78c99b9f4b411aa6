// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"bytes"
	"io/fs"
)

// NoHugePages reports whether the system is configured never to use transparent huge
// pages, even if advised to.
func NoHugePages(root fs.FS) bool {
	text, err := fs.ReadFile(root, "sys/kernel/mm/transparent_hugepage/enabled")
	return err == nil && bytes.Contains(text, []byte("[never]"))
}
