// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKernelFiles: files and directories are those that package os reads. Of a long file the first bytes
// are read, and a file that does not exist is an error.
func TestKernelFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"setting": "always [madvise] never\n", "empty": "", "long": strings.Repeat("x", 3*maxSetting),
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		got, err := fs.ReadFile(kernelFiles{}, strings.TrimPrefix(filepath.Join(dir, name), "/"))
		if want := text[:min(len(text), maxSetting)]; err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	names, err := fs.ReadDir(kernelFiles{}, strings.TrimPrefix(dir, "/"))
	if err != nil || len(names) != 3 {
		t.Errorf("the directory has %d files, %v", len(names), err)
	}
	if _, err := fs.ReadFile(kernelFiles{}, "no/such/file"); !os.IsNotExist(err) {
		t.Error(err)
	}
	if _, err := fs.ReadFile(kernelFiles{}, strings.TrimPrefix(dir, "/")); err == nil {
		t.Error("a directory was read as a file")
	}
}
