// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// litter changes the contents from one commit to the next, like advance, and makes objects
// that no ref reaches: the numbers before, and one at the end.
func litter(f *File) error {
	if err := advance(f); err != nil {
		return err
	}
	return scatter(f)
}

// scatter makes the objects that no ref reaches.
func scatter(f *File) error {
	h, err := Root[history](f)
	if err != nil {
		return err
	}
	numbers, err := NewSliceRef[uint64](f, historyLength, historyLength)
	if err != nil {
		return err
	}
	copy(numbers.Get(f), h.Numbers.Get(f))
	h.Numbers = numbers
	end, err := NewSliceRef[byte](f, 2*filePage, 2*filePage)
	if err == nil {
		copy(end.Get(f), pattern(int(h.Commit), 2*filePage))
	}
	return err
}

// littered makes commits with Sync and with Compact in turn, and reports each. It calls perform
// for each call.
func littered(f *File, n int, perform func(func() error) error, done func()) error {
	compact := func() error {
		_, err := Compact[history](f)
		return err
	}
	for i := range n {
		calls := []func() error{func() error { return advance(f) }, func() error { return scatter(f) }, f.Sync}
		if i%2 != 0 {
			calls[2] = compact
		}
		for _, call := range calls {
			if err := perform(call); err != nil {
				return err
			}
		}
		done()
	}
	return perform(compact)
}

func once(call func() error) error { return call() }

// TestCompactPowerCut: a power cut during Compact leaves the last commit, or the one that
// Compact makes.
func TestCompactPowerCut(t *testing.T) {
	number := 4
	if testing.Short() {
		number = 1
	}
	var marked []byte // the file after the header of a Compact is stored
	r := record(t, nil, func(path string, acked *uint64) {
		log := diskLog
		diskLog = func(p string, c diskCall) {
			log(p, c)
			if c.kind == diskHole && marked == nil {
				marked, _ = os.ReadFile(path)
			}
		}
		f, err := Open(path, FileOptions{Capacity: 1 << 20})
		if err == nil {
			err = errors.Join(littered(f, 4, once, func() { *acked++ }), f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	r.checkImages(t, number, nil)
	if marked == nil {
		vm.Require(t, vm.Holes)
		t.Fatal("no Compact made a hole")
	}
	again := record(t, marked, func(path string, acked *uint64) { // the power fails during recovery
		*acked = 2
		f, err := Open(path, FileOptions{})
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	})
	again.checkImages(t, number, nil)
}

// TestCompactKernelRefuses makes each kernel call of commits with Compact fail, all
// calls from it on, and all until an operation has failed twice. It also tests file systems without
// holes.
func TestCompactKernelRefuses(t *testing.T) {
	step := int64(3)
	if testing.Short() {
		step = 11
	}
	for _, c := range []struct {
		name   string
		manner manner
		always func(vm.Op) error
	}{
		{"one", one, never},
		{"all", all, never},
		{"twice", twice, never},
		{"copies not reported", one, silent},
		{"copies not reported, twice", twice, silent},
		{"no holes", one, noHoles},
		{"no holes, twice", twice, noHoles},
	} {
		t.Run(c.name, func(t *testing.T) {
			for at := int64(1); compactRefused(t, &refusal{manner: c.manner, at: at, always: c.always}); at += step {
			}
		})
	}
}

// noHoles is the answer of a file system without holes.
func noHoles(op vm.Op) error {
	if op == vm.OpAllocate {
		return vm.ErrKernelLacks
	}
	return nil
}

func compactRefused(t *testing.T, r *refusal) (reached bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	r.begin()
	defer vm.Inject(nil)
	synced := uint64(0)
	f, err := openRefused(t, r, path, FileOptions{Capacity: historyCapacity, NoStore: true})
	if err == nil {
		err = littered(f, 4, r.perform, func() { synced++ })
	}
	r.end()
	name := fmt.Sprintf("call %d, error %v", r.at, err)
	if r.manner == twice && err != nil && !errors.Is(err, ErrReopen) {
		t.Fatalf("%s: a call fails for ever", name)
	}
	if err != nil && f != nil && !errors.Is(err, ErrReopen) { // when the cause is gone, the File works again
		before, wrong := inspectHistory(f)
		_, again := Compact[history](f)
		if again != nil || wrong != nil {
			t.Fatalf("%s: %v, %v", name, wrong, again)
		}
		synced = before
	}
	if f != nil {
		_ = f.Close()
	}
	vm.Inject(nil)
	if got := reopened(t, path); got < synced || got > synced+1 {
		t.Errorf("%s: %d commits were made, the file holds %d", name, synced, got)
	}
	return r.reached
}

// TestCompactBesideCopy: a copy that is made while Compact runs has the state from before.
func TestCompactBesideCopy(t *testing.T) {
	defer func(n int64, after func()) { copyBatch, afterBatch = n, after }(copyBatch, afterBatch)
	copyBatch = 1
	dir := t.TempDir()
	for stop := range 60 {
		path := filepath.Join(dir, fmt.Sprint(stop))
		f := openFile(t, path, FileOptions{Capacity: historyCapacity, NoStore: true})
		if err := errors.Join(litter(f), litter(f), f.Sync()); err != nil {
			t.Fatal(err)
		}
		batches := 0
		afterBatch = func() {
			if batches++; batches == stop {
				_, err := Compact[history](f)
				if err = errors.Join(err, litter(f), f.Sync()); err != nil {
					t.Error(err)
				}
			}
		}
		err := f.Copy(path+".copy", CopyOptions{NoStore: true})
		afterBatch = func() {}
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		if n := reopened(t, path+".copy"); n != 2 {
			t.Fatalf("the copy holds commit %d", n)
		}
	}
}
