// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"errors"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// The package's state belongs to the process. So each test compares with the state at its
// start, frees what it allocates, and does not run in parallel.

func alloc(t *testing.T, size uintptr) uintptr {
	t.Helper()
	p, err := Alloc(size)
	if errors.Is(err, vm.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// slabFull allocates objects that fill at least one slab.
func slabFull(t *testing.T, size uintptr) (objects []uintptr) {
	t.Helper()
	for range slabSize/size + 1 {
		objects = append(objects, alloc(t, size))
	}
	return objects
}

func freeAll(objects []uintptr, size uintptr) {
	for _, p := range objects {
		Free(p, size)
	}
}

func fill(p, size uintptr, b byte) {
	for i := range raw.Bytes(p, size) {
		raw.Bytes(p, size)[i] = b
	}
}

// holds reports whether all bytes of the object equal b.
func holds(p, size uintptr, b byte) bool {
	for _, got := range raw.Bytes(p, size) {
		if got != b {
			return false
		}
	}
	return true
}
