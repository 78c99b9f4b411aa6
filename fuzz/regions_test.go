// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// FuzzRegions runs inputs on regions of a file that others change, too.
func FuzzRegions(f *testing.F) {
	vm.Require(f, vm.Files|vm.FilesAhead|vm.SharedMemory|vm.Placing)
	for _, seed := range seeds(48) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := runRegionModel(data, fastDirectory(t)); err != nil {
			t.Fatal(err)
		}
	})
}

// fastDirectory returns a directory in RAM, if there is one: a disk stores the directory
// entry of each file that is made.
func fastDirectory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "ashlar-fuzz-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
