// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestFileKernelRefuses makes every kernel call of three commits fail: each call alone, and
// all calls from it on. No data may be lost, and the errors must be right. It tests both
// kinds of kernels: those that report which pages are copies, and those that do not.
func TestFileKernelRefuses(t *testing.T) {
	for _, reportsCopies := range []bool{true, false} {
		for _, persistent := range []bool{false, true} {
			for at := int64(1); ; at++ {
				if !refused(t, at, persistent, reportsCopies) {
					t.Logf("%d calls, persistent: %v, the kernel reports copies: %v", at-1, persistent, reportsCopies)
					break
				}
			}
		}
	}
}

// silent is the answer of a kernel that does not report which pages are copies.
func silent(op vm.Op) error {
	if op == vm.OpCopied {
		return vm.ErrKernelLacks
	}
	return nil
}

// refused runs the commits with call number at failing, and reports whether there was such
// a call.
func refused(t *testing.T, at int64, persistent, reportsCopies bool) (reached bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	var calls atomic.Int64
	vm.Inject(func(op vm.Op) error {
		if op == vm.OpCopied && !reportsCopies {
			return vm.ErrKernelLacks
		}
		n := calls.Add(1)
		if n == at || persistent && n > at {
			reached = true
			return syscall.ENOSPC
		}
		return nil
	})
	defer vm.Inject(nil)
	name := fmt.Sprintf("call %d, persistent %v, the kernel reports copies: %v", at, persistent, reportsCopies)

	synced := uint64(0)
	f, err := Open(path, FileOptions{Capacity: historyCapacity})
	for i := 0; err == nil && i < 3; i++ {
		if err = advance(f); err == nil {
			if err = f.Sync(); err == nil {
				synced++
			}
		}
	}
	if err != nil && !errors.Is(err, ErrNoSpace) && !errors.Is(err, ErrKernelLacks) {
		t.Errorf("%s: the error does not say why: %v", name, err)
	}
	vm.Inject(nil)
	if !reportsCopies {
		vm.Inject(silent)
	}
	if err != nil && f != nil && !errors.Is(err, ErrReopen) { // when the cause is gone, the File works again
		before, wrong := inspectHistory(f)
		if again := f.Sync(); again != nil || wrong != nil {
			t.Fatalf("%s: after %v: %v, %v", name, err, wrong, again)
		}
		synced = before
	}
	if f != nil {
		_ = f.Close()
	}
	if got := reopened(t, path); got < synced || got > synced+1 {
		t.Errorf("%s: %d commits were made, the file holds %d", name, synced, got)
	}
	return reached
}

// TestFileComparing: if the kernel does not report which pages are copies, Sync compares
// the file with memory.
func TestFileComparing(t *testing.T) {
	vm.Inject(silent)
	defer vm.Inject(nil)
	path := filepath.Join(t.TempDir(), "f")
	f := openFile(t, path, FileOptions{Capacity: historyCapacity, NoStore: true})
	for range 5 {
		if err := errors.Join(advance(f), f.Sync()); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := reopened(t, path); got != 5 {
		t.Errorf("the file holds commit %d, want 5", got)
	}
}

// TestFileZeroedAgain: a failed commit writes a page, and the program zeroes the page
// again. The next commit must write the zeros. The kernel does not report which pages are
// copies.
func TestFileZeroedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f := openFile(t, path, FileOptions{Capacity: 1 << 20, NoStore: true})
	r, err := NewSliceRef[byte](f, 1<<16, 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Get(f) {
		r.Get(f)[i] = 1
	}
	writes := 0
	vm.Inject(func(op vm.Op) error {
		if op == vm.OpWrite {
			if writes++; writes > 2 { // the holes and the new pages are written, the journal is not
				return syscall.ENOSPC
			}
		}
		return silent(op)
	})
	if err := f.Sync(); !errors.Is(err, ErrNoSpace) {
		t.Fatalf("Sync: %v", err)
	}
	vm.Inject(silent)
	clear(r.Get(f)[1<<15:])
	if err := errors.Join(f.Sync(), f.Verify()); err != nil {
		t.Fatal(err)
	}
	vm.Inject(nil)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	g := openFile(t, path, FileOptions{Verify: true})
	if b := r.Get(g); b[0] != 1 || b[1<<15-1] != 1 || b[1<<15] != 0 || b[1<<16-1] != 0 {
		t.Errorf("%d %d %d %d", b[0], b[1<<15-1], b[1<<15], b[1<<16-1])
	}
}
