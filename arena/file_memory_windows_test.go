// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"path/filepath"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestSyncReadsNothing: the system knows which pages were written, so that a commit does not read
// the file, after Open neither, and writes what changed.
func TestSyncReadsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f, err := Open(path, FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := NewSliceRef[byte](f, 8<<20, 8<<20)
	if err != nil {
		t.Fatal(err)
	}
	*rootOf[SliceRef[byte]](t, f) = ref
	for round := range 3 {
		for i := range ref.Get(f) {
			ref.Get(f)[i] = byte(i)
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		if round > 0 {
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if f, err = Open(path, FileOptions{}); err != nil {
				t.Fatal(err)
			}
			ref = *rootOf[SliceRef[byte]](t, f)
		}
		ref.Get(f)[5<<20] = 200 + byte(round)
		reads, writes := fileSpace.Calls(vm.OpRead), fileSpace.Calls(vm.OpWrite)
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		if reads, writes = fileSpace.Calls(vm.OpRead)-reads, fileSpace.Calls(vm.OpWrite)-writes; reads > 2 || writes > 20 {
			t.Errorf("round %d: a commit of one page made %d calls to read and %d to write", round, reads, writes)
		}
		if err := f.Verify(); err != nil {
			t.Error(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err = Open(path, FileOptions{ReadOnly: true}); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if now := rootOf[SliceRef[byte]](t, f).Get(f); now[5<<20] != 202 || now[5<<20+1] != 1 {
		t.Errorf("the file has %d and %d", now[5<<20], now[5<<20+1])
	}
}
