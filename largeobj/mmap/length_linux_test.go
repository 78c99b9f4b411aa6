// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

func init() { children["small disk"] = growOnSmallDisk }

// TestGrowthBesideGrowth: regions of one file grow on a file system that is too small for
// some of them. No region removes bytes that another one has added.
func TestGrowthBesideGrowth(t *testing.T) {
	vm.Require(t, vm.LengthLocks)
	runConfined(t, "small disk")
}

func growOnSmallDisk() error {
	dir := filepath.Dir(vm.SharedPath("any"))
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4M"); err != nil {
		fmt.Println("skip: mount:", err)
		return nil
	}
	for name, test := range map[string]func(path string) error{"grown": growBesideGreed, "made": makeBesideGreed} {
		if err := test(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// tooMuch is a length in bytes that exceeds the file system.
const tooMuch = 256 << 20

// beside runs modest while others run greedy again and again.
func beside(greedy, modest func() error) error {
	stop := make(chan bool)
	failures := make(chan error, 2)
	var others sync.WaitGroup
	for range cap(failures) {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := greedy(); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	err := modest()
	close(stop)
	others.Wait()
	close(failures)
	return errors.Join(err, <-failures)
}

// expectNoSpace returns nil for the expected error.
func expectNoSpace(err error) error {
	runtime.Gosched()
	if errors.Is(err, ErrNoSpace) {
		return nil
	}
	return fmt.Errorf("%d bytes: %w", tooMuch, err)
}

// growBesideGreed makes a region longer page by page and fills each page.
func growBesideGreed(path string) error {
	r, err := MapFile(path, FileOptions{Mode: FileShared, Create: true, Length: 4096})
	if err != nil {
		return err
	}
	other, err := MapFile(path, FileOptions{Mode: FileShared, Length: 4096})
	if err != nil {
		return err
	}
	greedy := func() error {
		_, err := MapFile(path, FileOptions{Mode: FileShared, Length: tooMuch})
		return errors.Join(expectNoSpace(err), expectNoSpace(other.Resize(tooMuch)))
	}
	err = beside(greedy, func() error {
		for n := 4096; n < 500*4096; n += 4096 {
			if err := r.Resize(n + 4096); err != nil {
				if errors.Is(err, ErrNoSpace) {
					n -= 4096 // the others have taken it for a moment
					continue
				}
				return err
			}
			err := r.Catch(func(b []byte) error {
				paint(b[n:])
				return nil
			})
			info, statErr := os.Stat(path)
			if err = errors.Join(err, statErr); err != nil || info.Size() < int64(n+4096) {
				return fmt.Errorf("Resize to %d returned nil, then: %w, the file has %d bytes", n+4096, err, info.Size())
			}
		}
		return nil
	})
	return errors.Join(err, r.Close(), other.Close())
}

// makeBesideGreed makes a file, while others fail to make the same file.
func makeBesideGreed(path string) error {
	greedy := func() error {
		_, err := MapFile(path, FileOptions{Mode: FileShared, Create: true, Length: tooMuch})
		return expectNoSpace(err)
	}
	return beside(greedy, func() error {
		for range 500 {
			r, err := MapFile(path, FileOptions{Mode: FileShared, Create: true, Length: 4096})
			if errors.Is(err, ErrNoSpace) {
				continue // the others have taken it for a moment
			}
			if err != nil {
				return err
			}
			f, err := r.File()
			if err != nil {
				return err
			}
			mine, err := f.Stat()
			named, statErr := os.Stat(path)
			if err = errors.Join(err, statErr, f.Close()); err != nil || !os.SameFile(mine, named) || mine.Size() != 4096 {
				return fmt.Errorf("the file that MapFile made: %w, of %d bytes", err, mine.Size())
			}
			if err := errors.Join(r.Close(), os.Remove(path)); err != nil {
				return err
			}
		}
		return nil
	})
}

// A program that locks its file by flock, through a descriptor of its own, can resize
// regions of it.
func TestResizeOfALockedFile(t *testing.T) {
	balanced(t)
	path := newFile(t, []byte("text"))
	f, err := os.Open(path)
	must(t, err)
	must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	r, err := MapFile(path, FileOptions{Mode: FileShared})
	closeLater(t, r, err)
	for _, n := range []int{100_000, 100} {
		must(t, r.Resize(n))
		if info, err := f.Stat(); err != nil || info.Size() != int64(n) {
			t.Errorf("the file has %d bytes, %v", info.Size(), err)
		}
	}
	must(t, f.Close())
}
