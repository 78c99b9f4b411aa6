// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

func init() {
	children["small shm"] = fillShm
	children["small limit"] = lockTooMuch
}

// runConfined runs a child without privileges on the system. The child is root in namespaces
// of its own: it may mount file systems, and may not raise its limits.
func runConfined(t *testing.T, name string) {
	t.Helper()
	cmd := ChildCommand(name)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if len(out) == 0 && err != nil {
		t.Skipf("no namespaces: %v", err)
	}
	if err != nil {
		t.Errorf("%v: %s", err, out)
	} else if text, skipped := strings.CutPrefix(string(out), "skip: "); skipped {
		t.Skip(text)
	}
}

// A full /dev/shm is an error when an object is made and when it grows. It is a fault on a
// write only if the object is sparse.
func TestShmFull(t *testing.T) {
	vm.Require(t, vm.Preallocation)
	runConfined(t, "small shm")
}

func fillShm() error {
	const room = 1 << 20
	if err := syscall.Mount("tmpfs", filepath.Dir(vm.SharedPath("any")), "tmpfs", 0, fmt.Sprintf("size=%d", room)); err != nil {
		fmt.Println("skip: mount:", err)
		return nil
	}
	if _, err := MapShared("large", 2*room, SharedOptions{}); !errors.Is(err, ErrNoSpace) {
		return fmt.Errorf("an object larger than the file system: %w", err)
	}
	entries, err := os.ReadDir(filepath.Dir(vm.SharedPath("any")))
	if err != nil || len(entries) != 0 {
		return fmt.Errorf("left behind: %v, %w", entries, err)
	}
	r, err := MapShared("grows", room/2, SharedOptions{})
	if err != nil {
		return err
	}
	for i := range r.Bytes() {
		r.Bytes()[i] = 7
	}
	if err := r.Resize(2 * room); !errors.Is(err, ErrNoSpace) || r.Len() != room/2 || r.Bytes()[room/2-1] != 7 {
		return fmt.Errorf("%d bytes after growing beyond the file system: %w", r.Len(), err)
	}
	if err := r.Resize(room / 4); err != nil {
		return err
	}
	sparse, err := MapShared("sparse", 2*room, SharedOptions{Sparse: true})
	if err != nil {
		return err
	}
	err = sparse.Catch(func(b []byte) error {
		for i := range b {
			b[i] = 1
		}
		return nil
	})
	if !errors.Is(err, ErrFault) || !errors.Is(err, ErrNoSpace) || errors.Is(err, ErrTruncated) {
		return fmt.Errorf("writing a sparse object: %w", err)
	}
	return errors.Join(sparse.Close(), r.Close())
}

// TestLockLimit: an error for the limit of locked memory names the limit and its value, and
// the call leaves nothing behind.
func TestLockLimit(t *testing.T) {
	vm.Require(t, vm.LockingOnFault)
	runConfined(t, "small limit")
}

func lockTooMuch() error {
	const memlock, limit = 8, 256 << 10 // RLIMIT_MEMLOCK
	if err := syscall.Setrlimit(memlock, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		return err
	}
	wantLimit := func(what string, err error) error {
		if !errors.Is(err, ErrLockLimit) || !strings.Contains(err.Error(), "RLIMIT_MEMLOCK is 262144 bytes") ||
			!strings.Contains(err.Error(), "ulimit -l") {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
	before := Sum()
	_, locked := Map(2*limit, MapOptions{Options: Options{Lock: true}})
	_, secret := Map(2*limit, MapOptions{Secret: true})
	if err := errors.Join(wantLimit("Map with Lock", locked), wantLimit("Map of secret memory", secret)); err != nil {
		return err
	}
	r, err := Map(2*limit, MapOptions{})
	if err != nil {
		return err
	}
	r.Bytes()[0] = 1
	if err := errors.Join(wantLimit("Lock", r.Lock()), wantLimit("LockOnFault", r.LockOnFault())); err != nil {
		return err
	}
	small, err := Map(limit/4, MapOptions{Secret: true})
	if err != nil {
		return err
	}
	small.Bytes()[0] = 2
	if err := wantLimit("Resize of secret memory", small.Resize(2*limit)); err != nil {
		return err
	}
	plain, err := Map(limit/4, MapOptions{Options: Options{Lock: true}})
	if err != nil {
		return err
	}
	if err := wantLimit("Resize of a locked region", plain.Resize(2*limit)); err != nil {
		return err
	}
	if r.Bytes()[0] != 1 || small.Bytes()[0] != 2 || small.Len() != limit/4 || plain.Len() != limit/4 {
		return errors.New("something was lost")
	}
	if err := errors.Join(r.Close(), small.Close(), plain.Close()); err != nil {
		return err
	}
	after := Sum()
	if after.Mapped != before.Mapped || after.Charged != before.Charged {
		return fmt.Errorf("left behind: %+v", after)
	}
	return nil
}

// TestPipes: if a name is that of a pipe, the call returns an error, and does not wait for
// the other end of the pipe.
func TestPipes(t *testing.T) {
	vm.Require(t, vm.Files|vm.SharedMemory)
	balanced(t)
	path := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(path, 0o600))
	for _, mode := range []FileMode{FileReadOnly, FileShared} {
		if _, err := MapFile(path, FileOptions{Mode: mode}); !errors.Is(err, ErrInvalid) {
			t.Errorf("MapFile: %v", err)
		}
	}
	name := sharedName(t)
	must(t, syscall.Mkfifo(vm.SharedPath(name), 0o600))
	for _, readOnly := range []bool{false, true} {
		if _, err := MapShared(name, 100, SharedOptions{ReadOnly: readOnly}); !errors.Is(err, ErrForeign) {
			t.Errorf("MapShared: %v", err)
		}
	}
}

// Secret memory has the flags of mappings that are locked, not dumped, and not for
// children.
func TestSecretFlags(t *testing.T) {
	vm.Require(t, vm.Hiding)
	balanced(t)
	for _, m := range makers() {
		if !strings.HasPrefix(m.name, "secret") {
			continue
		}
		r, err := m.make(t, 50_000)
		closeLater(t, r, err)
		for range 2 {
			flags := flagsAt(t, r.base())
			for _, want := range [][]string{{"lo"}, {"dd"}, {"dc", "wf"}} { // locked, not dumped, not for children
				found := false
				for _, flag := range want {
					found = found || strings.Contains(flags, " "+flag+" ")
				}
				if !found {
					t.Errorf("%s: flags %s, want one of %v", m.name, flags, want)
				}
			}
			must(t, r.Resize(100_000))
		}
	}
}

// flagsAt returns the flags of the mapping that contains addr, with a space around each.
func flagsAt(t *testing.T, addr uintptr) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	must(t, err)
	inside := false
	for line := range strings.Lines(string(text)) {
		var first, last uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &first, &last); n == 2 {
			inside = first <= addr && addr < last
		}
		if flags, found := strings.CutPrefix(line, "VmFlags:"); found && inside {
			return " " + strings.TrimSpace(flags) + " "
		}
	}
	t.Fatalf("no mapping at %#x", addr)
	return ""
}
