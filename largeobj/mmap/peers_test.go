// SPDX-License-Identifier: Apache-2.0

//go:build !plan9

package mmap

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// These tests change mapped files and objects as other processes do.

// cuttable are a file and an object that others can cut, with their paths.
func cuttable(t *testing.T, n int) map[string]*Region {
	path := newFile(t, make([]byte, n))
	file, err := MapFile(path, FileOptions{Mode: FileShared})
	closeLater(t, file, err)
	name := sharedName(t)
	return map[string]*Region{path: file, vm.SharedPath(name): share(t, name, n, SharedOptions{})}
}

// TestCutForAMoment: if another program made the file shorter and longer again, the error is
// ErrTruncated, and not the error for a disk that fails.
func TestCutForAMoment(t *testing.T) {
	vm.Require(t, vm.FilesAhead)
	balanced(t)
	closeLater(t, mapped(t, 1), nil)
	const length, page = 100_000, 50_000
	for path, r := range cuttable(t, length) {
		whole, err := os.Stat(path)
		must(t, err)
		for name, c := range map[string]struct {
			longer []vm.Op // calls at which somebody makes the file as long as it was; and shorter at others
			answer error   // of madvise
		}{
			"longer before it is asked for":     {[]vm.Op{vm.OpStat}, nil},
			"longer when the page is tried":     {[]vm.Op{vm.OpStat, vm.OpAdvise}, nil},
			"longer on a kernel before 5.14":    {[]vm.Op{vm.OpStat}, syscall.EINVAL},
			"as short as it was":                {nil, nil},
			"shorter again when it is tried":    {[]vm.Op{vm.OpStat}, errInjected},
			"shorter again on an older kernel":  {[]vm.Op{vm.OpStat}, syscall.EINVAL},
			"longer and shorter all the time":   {[]vm.Op{vm.OpStat, vm.OpAdvise}, errInjected},
			"shorter when asked, longer at try": {[]vm.Op{vm.OpAdvise}, nil},
		} {
			t.Run(r.Kind().String()+"/"+name, func(t *testing.T) {
				must(t, os.Truncate(path, 5000))
				calls := 0
				vm.Inject(func(op vm.Op) error {
					if op != vm.OpStat && op != vm.OpAdvise {
						return nil
					}
					calls++
					size := int64(5000)
					if slices.Contains(c.longer, op) && calls < 4 {
						size = whole.Size()
					}
					if err := os.Truncate(path, size); err != nil {
						t.Error(err)
					}
					if op == vm.OpAdvise {
						return c.answer
					}
					return nil
				})
				err := r.Catch(func(b []byte) error { b[page]++; return nil })
				vm.Inject(nil)
				if !errors.Is(err, ErrTruncated) || errors.Is(err, ErrNoSpace) || strings.Contains(err.Error(), "could not supply") {
					t.Errorf("Catch: %v", err)
				}
				must(t, os.Truncate(path, whole.Size()))
			})
		}
	}
}

// TestDiskFails: if the file has a page and the kernel does not supply it, the error says so.
func TestDiskFails(t *testing.T) {
	vm.Require(t, vm.FilesAhead)
	balanced(t)
	path := newFile(t, make([]byte, 100_000))
	r, err := MapFile(path, FileOptions{Mode: FileShared})
	closeLater(t, r, err)
	must(t, os.Truncate(path, 5000))
	regions.find(r.base()+50_000, func(e *entry) {
		vm.Inject(func(op vm.Op) error {
			if op == vm.OpStat {
				must(t, os.Truncate(path, 100_000))
			} else {
				return errInjected
			}
			return nil
		})
		defer vm.Inject(nil)
		if err := e.reason(r.base() + 50_000); errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), "could not supply") {
			t.Errorf("%v", err)
		}
	})
}

// TestLockOfCut: if a file was cut, Lock returns ErrTruncated and not ErrLockLimit. The region
// is not locked then. It can be locked when the file has its length again.
func TestLockOfCut(t *testing.T) {
	vm.Require(t, vm.FilesAhead)
	balanced(t)
	closeLater(t, mapped(t, 1), nil)
	const length = 20 << 20 // more than the usual RLIMIT_MEMLOCK
	for path, r := range cuttable(t, length) {
		whole, err := os.Stat(path)
		must(t, err)
		for range 2 {
			must(t, os.Truncate(path, 4096))
			err = r.Lock()
			if errors.Is(err, ErrLockLimit) && os.Geteuid() != 0 {
				t.Skip(err)
			}
			if !errors.Is(err, ErrTruncated) || errors.Is(err, ErrLockLimit) || errors.Is(err, ErrOutOfMemory) {
				t.Errorf("Lock of a cut %v: %v", r.Kind(), err)
			}
		}
		if i := slices.IndexFunc(Regions(), func(i Info) bool { return i.Name == r.Name() }); Regions()[i].Locked {
			t.Error("it counts as locked")
		}
		must(t, os.Truncate(path, whole.Size()))
		if r.Kind() == Shared {
			r.writeHeader()
		}
		must(t, errors.Join(r.Lock(), r.Unlock()))
	}
}

// TestSharedUnderflow: Close and Resize report a header that another process or an underflow
// has overwritten. They do not report a length that another region has set.
func TestSharedUnderflow(t *testing.T) {
	balanced(t)
	for _, off := range []int{-1, -8, -24, -32, -40, -64} {
		name := sharedName(t)
		a := share(t, name, 10_000, SharedOptions{})
		b, err := MapShared(name, 0, SharedOptions{ReadOnly: off == -8})
		must(t, err)
		must(t, a.Resize(20_000))
		other, err := MapShared(name, 0, SharedOptions{})
		must(t, err)
		must(t, other.Close())
		*byteAt(a.Bytes(), off) ^= 1
		if err := a.Resize(30_000); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d: Resize: %v", off, err)
		}
		if err := b.Close(); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d: Close of another: %v", off, err)
		}
		*byteAt(a.Bytes(), off) ^= 1
		must(t, a.Resize(30_000))
	}
	vm.Require(t, vm.FilesAhead)
	name := sharedName(t)
	a, err := MapShared(name, 10_000, SharedOptions{})
	must(t, err)
	must(t, os.Truncate(vm.SharedPath(name), 0))
	if err := a.Close(); !errors.Is(err, ErrTruncated) {
		t.Errorf("Close of an object that was cut off: %v", err)
	}
}

// TestSyncOfCopies: Sync returns an error if changes never reach the file.
func TestSyncOfCopies(t *testing.T) {
	balanced(t)
	r, err := MapFile(newFile(t, make([]byte, 10_000)), FileOptions{Mode: FileCopyOnWrite})
	closeLater(t, r, err)
	r.Bytes()[0] = 1
	for _, err := range []error{r.Sync(), r.SyncAsync(), r.SyncRange(0, 100)} {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("Sync: %v", err)
		}
	}
}

// Refresh follows a file that others make longer and shorter, and empty.
func TestRefreshOfFiles(t *testing.T) {
	text := make([]byte, 200_000)
	paint(text)
	balanced(t)
	for _, mode := range []FileMode{FileReadOnly, FileShared, FileCopyOnWrite} {
		for _, off := range []int{0, 5000} {
			for _, guards := range []bool{false, true} {
				if guards && !vm.PlacesFiles() {
					continue
				}
				path := newFile(t, text[:10_000])
				r, err := MapFile(path, FileOptions{Mode: mode, Offset: int64(off), Options: Options{GuardPages: guards}})
				closeLater(t, r, err)
				lengths := []int{200_000, 6000, 10_000, 0, 10_000, off, 12_289}
				if !vm.Able(vm.FilesAhead) { // nobody can make it shorter
					lengths = []int{10_001, 12_289, 200_000}
				}
				for _, n := range lengths {
					if vm.Able(vm.FilesAhead) {
						must(t, os.WriteFile(path, text[:n], 0o600))
					} else {
						appendTo(t, path, string(text[r.Len()+off:n]))
					}
					must(t, r.Refresh())
					if want := text[min(off, n):n]; !bytes.Equal(r.Bytes(), want) || r.Len() != len(want) {
						t.Fatalf("%v from %d on, %d bytes: %d bytes, want %d, or others", mode, off, n, r.Len(), len(want))
					}
				}
			}
		}
	}
	if err := closeLater(t, mapped(t, 100), nil).Refresh(); !errors.Is(err, ErrInvalid) {
		t.Errorf("of private memory: %v", err)
	}
}
