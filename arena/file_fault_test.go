// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// A manner says which kernel calls fail.
type manner int

const (
	one   manner = iota // the n-th
	all                 // all from the n-th on
	twice               // all from the n-th on, until an operation has failed twice
)

func (m manner) String() string { return [...]string{"one", "all", "twice"}[m] }

// A refusal makes kernel calls of a test fail.
type refusal struct {
	manner  manner
	at      int64             // the first call, from 1
	always  func(vm.Op) error // what the kernel answers anyway
	calls   atomic.Int64      // so far, except those that always answers
	reached bool              // a call failed
}

func (r *refusal) begin() {
	vm.Inject(func(op vm.Op) error {
		if err := r.always(op); err != nil {
			return err
		}
		if n := r.calls.Add(1); n == r.at || r.manner != one && n > r.at {
			r.reached = true
			return syscall.ENOSPC
		}
		return nil
	})
}

// end ends the failures.
func (r *refusal) end() { vm.Inject(r.always) }

// perform makes a call. In the manner twice, it repeats a call that fails at once, and once more
// after the failures. That one must succeed, unless a commit failed half-way.
func (r *refusal) perform(call func() error) error {
	if r.manner != twice {
		return call()
	}
	var failure error
	_, wrong := vm.Insist(call, func(err error) error {
		if failure != nil && errors.Is(failure, ErrReopen) && !errors.Is(err, ErrReopen) {
			return fmt.Errorf("after %v another error: %v", failure, err)
		}
		failure = err
		if !rightReason(err) {
			return fmt.Errorf("the error does not say why: %v", err)
		}
		return nil
	}, func() func() {
		r.end()
		return func() {}
	})
	return wrong
}

// rightReason reports whether an error has the reason that is injected.
func rightReason(err error) bool { return errors.Is(err, ErrNoSpace) || errors.Is(err, ErrKernelLacks) }

func never(vm.Op) error { return nil }

// TestFileKernelRefuses makes every kernel call of three commits fail: each call alone,
// all calls from it on, and all until an operation has failed twice. No data may be lost, and the
// errors must be right. It tests both kinds of kernels: those that report which pages are copies,
// and those that do not.
func TestFileKernelRefuses(t *testing.T) {
	step := int64(1)
	if testing.Short() {
		step = 7
	}
	for _, reportsCopies := range []bool{true, false} {
		for _, m := range []manner{one, all, twice} {
			for at := int64(1); ; at += step {
				r := &refusal{manner: m, at: at, always: never}
				if !reportsCopies {
					r.always = silent
				}
				if !refused(t, r) {
					t.Logf("up to call %d, %v, the kernel reports copies: %v", at, m, reportsCopies)
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

// refused runs the commits while calls fail, and reports whether any did.
func refused(t *testing.T, r *refusal) (reached bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	r.begin()
	defer vm.Inject(nil)
	name := fmt.Sprintf("%v from call %d on", r.manner, r.at)

	synced := uint64(0)
	f, err := openRefused(t, r, path, FileOptions{Capacity: historyCapacity})
	for i := 0; err == nil && i < 3; i++ {
		if err = r.perform(func() error { return advance(f) }); err == nil {
			if err = r.perform(f.Sync); err == nil {
				synced++
			}
		}
	}
	if err != nil && !rightReason(err) {
		t.Errorf("%s: the error does not say why: %v", name, err)
	}
	r.end()
	if r.manner == twice && err != nil && !errors.Is(err, ErrReopen) {
		t.Fatalf("%s: %v", name, err)
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
	return r.reached
}

// openRefused opens a file. If that fails because of one call, it leaves none that it has made.
func openRefused(t *testing.T, r *refusal, path string, o FileOptions) (f *File, err error) {
	t.Helper()
	err = r.perform(func() (err error) {
		f, err = Open(path, o)
		return err
	})
	if _, missing := os.Stat(path); err != nil && r.manner == one && missing == nil {
		t.Errorf("one call failed, %d, and Open left its file: %v", r.at, err)
	}
	return f, err
}

// TestCopyKernelRefuses makes every kernel call of Copy fail. If one call fails, Copy removes the new
// file. Afterwards it makes the copy.
func TestCopyKernelRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f := openFile(t, path, FileOptions{Capacity: historyCapacity, NoStore: true})
	if err := errors.Join(advance(f), f.Sync()); err != nil {
		t.Fatal(err)
	}
	for _, m := range []manner{one, all, twice} {
		for reached, at := true, int64(1); reached; at++ {
			copied := fmt.Sprintf("%s.%v.%d", path, m, at)
			r := &refusal{manner: m, at: at, always: never}
			r.begin()
			err := r.perform(func() error {
				err := f.Copy(copied, CopyOptions{})
				if removed := os.Remove(copied); err != nil && removed == nil && m == one {
					t.Errorf("call %d failed, and Copy left its file: %v", at, err)
				}
				return err
			})
			vm.Inject(nil)
			if reached = r.reached; err != nil && (m == twice || !rightReason(err)) {
				t.Errorf("%v from call %d on: %v", m, at, err)
			}
			if err := f.Copy(copied, CopyOptions{NoStore: true}); err != nil {
				t.Errorf("after %v from call %d on: %v", m, at, err)
			} else if n := reopened(t, copied); n != 1 {
				t.Errorf("after %v from call %d on: the copy holds commit %d", m, at, n)
			}
		}
	}
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
