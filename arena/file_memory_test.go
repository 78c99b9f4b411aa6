// SPDX-License-Identifier: Apache-2.0

//go:build linux && !ashlar_heap

package arena

import (
	"path/filepath"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// inMemory makes the Files of a test have private memory, as where no mapping can be longer than
// its file.
func inMemory(t *testing.T) {
	was := mapsAhead
	mapsAhead = false
	t.Cleanup(func() { mapsAhead = was })
}

// Files whose memory is private memory pass the tests of those whose memory is the file's.
func TestFileInMemory(t *testing.T) {
	vm.Require(t, vm.Files)
	inMemory(t)
	for name, test := range map[string]func(*testing.T){
		"reopened":       TestFileReopened,
		"read-only":      TestFileReadOnly,
		"grows":          TestFileGrows,
		"compact":        TestCompact,
		"compact, full":  TestCompactFull,
		"compact, zeros": TestCompactZero,
		"copied":         TestCopy,
		"cut":            TestFileCut,
		"zeroed again":   TestFileZeroedAgain,
		"kernel refuses": TestFileKernelRefuses,
	} {
		t.Run(name, test)
	}
}

// Private memory is charged when data needs it, and not before; Close gives it back.
func TestFileInMemoryCharged(t *testing.T) {
	vm.Require(t, vm.Files)
	inMemory(t)
	before := fileSpace.Footprint.Now()
	f, err := Open(filepath.Join(t.TempDir(), "f"), FileOptions{Capacity: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSliceRef[byte](f, 5<<20, 5<<20); err != nil {
		t.Fatal(err)
	}
	if n := fileSpace.Footprint.Now() - before; n < 5<<20 || n > 12<<20 {
		t.Errorf("%d bytes charged for 5 MiB of data", n)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if n := fileSpace.Footprint.Now(); n != before {
		t.Errorf("%d bytes are charged, were %d", n, before)
	}
}
