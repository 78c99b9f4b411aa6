// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// FuzzFile runs inputs on an arena file that others change, too.
func FuzzFile(f *testing.F) {
	vm.Require(f, vm.Preallocation|vm.Holes)
	for _, seed := range seeds(24) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := runFileModel(data, fastDirectory(t)); err != nil {
			t.Fatal(err)
		}
	})
}
