// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"testing"

	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// FuzzRegions runs inputs on regions of a file that others change, too.
func FuzzRegions(f *testing.F) {
	if r, err := mmap.Map(1, mmap.MapOptions{}); errors.Is(err, mmap.ErrUnsupported) {
		f.Skip(err)
	} else if err == nil {
		_ = r.Close()
	}
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
