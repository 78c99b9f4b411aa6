// SPDX-License-Identifier: Apache-2.0

//go:build !plan9

package mmap

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// A run is a sequence of calls on regions in which any call to the kernel may fail. A call
// that fails returns an error, and leaves the region with the bytes and the length that it
// had.
type run struct {
	t      *testing.T
	dir    string // of its files
	name   string // of its shared object
	failed int    // calls that returned an error
	twice  bool   // see perform
	shut   []*Region

	refusing func(vm.Op) error // makes calls to the kernel fail
}

// refused reports whether a call failed. The test fails if the cause is not the injected
// error.
func (r *run) refused(err error) bool {
	r.t.Helper()
	if err != nil && !errors.Is(err, errInjected) {
		r.t.Errorf("another error than the injected one: %v", err)
	}
	if err != nil {
		r.failed++
	}
	return err != nil
}

// perform makes a call, and reports whether it succeeded. If it fails and twice is set, perform
// makes the same call again, while kernel calls still fail, and once more when none does. That
// one must succeed. unchanged checks what a failure must leave as it was.
func (r *run) perform(call func() error, unchanged func()) bool {
	r.t.Helper()
	failed := func(err error) error {
		r.refused(err)
		unchanged()
		return nil
	}
	if !r.twice {
		err := call()
		if err != nil {
			_ = failed(err)
		}
		return err == nil
	}
	done, wrong := vm.Insist(call, failed, nil)
	if wrong != nil {
		r.t.Error(wrong)
	}
	return done
}

// open opens a region, nil if that fails.
func (r *run) open(call func() (*Region, error)) (region *Region) {
	r.t.Helper()
	before := len(Regions())
	r.perform(func() (err error) {
		region, err = call()
		return err
	}, func() {
		if region != nil {
			r.t.Error("a region and an error")
		}
		if n := len(Regions()); n != before {
			r.t.Errorf("%d regions after a failure, were %d", n, before)
		}
	})
	return region
}

// use opens a region and calls all its methods.
func (r *run) use(call func() (*Region, error)) {
	region := r.open(call)
	if region == nil {
		return
	}
	paint(region.Bytes())
	for _, n := range []int{20_000, 3000, 9000} {
		before := region.Len()
		want, beyond := n, beyondEnd(r.t, region)
		if !r.perform(func() error { return region.Resize(n) }, func() {
			if region.Len() == 0 && region.Kind() == FileData && !vm.Able(vm.FilesAhead) { // see Resize
				must(r.t, r.unrefused(region.Refresh))
				if region.Len() == n { // the file was cut off
					before = n
				}
			}
			if region.Len() != before {
				r.t.Fatalf("%d bytes after a failure, were %d", region.Len(), before)
			}
			painted(r.t, region.Bytes())
		}) {
			want = before
		}
		if region.Len() != want {
			r.t.Fatalf("%d bytes, want %d", region.Len(), want)
		}
		kept := min(before, want)
		painted(r.t, region.Bytes()[:kept])
		added := region.Bytes()[kept:]
		held := min(len(beyond), len(added))
		if !bytes.Equal(added[:held], beyond[:held]) || !bytes.Equal(added[held:], make([]byte, len(added)-held)) {
			r.t.Fatal("added bytes are neither zero nor the bytes of the file")
		}
		paint(region.Bytes())
	}
	if region.Kind() == Shared {
		r.inherit(region)
	}
	for _, c := range []struct {
		needs vm.Feature
		call  func() error
	}{
		{vm.Hints, func() error { return region.Advise(AdviseSequential) }},
		{vm.Locking, region.Lock},
		{0, region.Sync},
		{vm.Guards, func() error { return region.Protect(ReadOnly) }},
		{vm.Guards, func() error { return region.Protect(ReadWrite) }},
	} {
		if vm.Able(c.needs) {
			r.perform(c.call, func() { painted(r.t, region.Bytes()) })
		}
	}
	painted(r.t, region.Bytes())
	if region.kind != Secret && vm.Able(vm.Locking) {
		r.perform(region.Unlock, func() { painted(r.t, region.Bytes()) })
	}
	for range 3 {
		r.perform(region.Close, func() {})
	}
	if region.Len() != 0 && !(region.Kind() == Secret && region.protected) {
		r.t.Error("not closed")
	}
	r.shut = append(r.shut, region)
}

// beyondEnd returns the bytes that a region's file holds beyond the region.
func beyondEnd(t *testing.T, region *Region) []byte {
	if region.Kind() != FileData {
		return nil
	}
	text, err := os.ReadFile(region.Name())
	must(t, err)
	return text[min(int(region.offset)+int(region.lead)+region.Len(), len(text)):]
}

// inherit maps the object of a region again, by its descriptor.
func (r *run) inherit(region *Region) {
	f, err := region.File()
	if r.refused(err) {
		return
	}
	again, err := MapInherited(f, SharedOptions{})
	if !vm.Able(vm.Reopening) {
		if !errors.Is(err, ErrUnsupported) {
			r.t.Errorf("MapInherited: %v", err)
		}
	} else if !r.refused(err) {
		painted(r.t, again.Bytes())
		r.refused(again.Refresh())
		r.refused(again.Close())
	}
	must(r.t, f.Close())
}

// unrefused runs f while no call is refused.
func (r *run) unrefused(f func() error) error {
	refusing := r.refusing
	vm.Inject(nil)
	defer vm.Inject(refusing)
	return f()
}

// finish checks that everything is given back when the kernel no longer refuses calls.
func (r *run) finish() {
	vm.Inject(nil)
	for _, region := range r.shut {
		must(r.t, region.Close())
	}
	remains.retry()
	if left := Regions(); len(left) != 1 {
		r.t.Fatalf("regions left: %+v", left)
	}
}

// runs are the sequences. Each makes the regions that it uses, and leaves nothing.
var runs = map[string]func(r *run){
	"anonymous": func(r *run) { r.use(func() (*Region, error) { return Map(10_000, MapOptions{}) }) },
	"guards, aligned, locked, huge": func(r *run) {
		o := Options{GuardPages: true, Align: 1 << 16, Lock: true, HugePages: ExplicitPages, Populate: true}
		r.use(func() (*Region, error) { return Map(10_000, MapOptions{Options: o}) })
	},
	"secret": func(r *run) { r.use(func() (*Region, error) { return Map(10_000, MapOptions{Secret: true}) }) },
	"memfd":  func(r *run) { r.use(func() (*Region, error) { return MapShared("", 10_000, SharedOptions{}) }) },
	"named": func(r *run) {
		first := r.open(func() (*Region, error) {
			return MapShared(r.name, 10_000, SharedOptions{Options: Options{GuardPages: vm.PlacesFiles()}})
		})
		if first == nil {
			return
		}
		r.use(func() (*Region, error) {
			return MapShared(r.name, 10_000, SharedOptions{Unlink: true, Open: MustExist})
		})
		r.perform(first.Refresh, func() {})
		r.perform(first.Close, func() {})
	},
	"file": func(r *run) {
		path := filepath.Join(r.dir, "file")
		r.use(func() (*Region, error) {
			return MapFile(path, FileOptions{Mode: FileShared, Create: true, Length: 10_000, Offset: 1000})
		})
		if info, err := os.Stat(path); err == nil && info.Size() < 4000 && r.failed == 0 {
			r.t.Errorf("the file has %d bytes", info.Size())
		}
	},
}

// runsNeed contains the features that a sequence needs besides anonymous memory.
var runsNeed = map[string]vm.Feature{
	"guards, aligned, locked, huge": vm.Placing | vm.Locking,
	"secret":                        vm.Guards | vm.Locking | vm.Hiding,
	"memfd":                         vm.SharedMemory,
	"named":                         vm.SharedMemory,
	"file":                          vm.Files,
}

// TestEveryKernelCallOfRegionsFails runs each sequence once for each call to the kernel. In
// that run this call fails, or this call and some after it, or this call and all after it, or
// all after it until a method has failed twice.
func TestEveryKernelCallOfRegionsFails(t *testing.T) {
	fewest := 10
	if !vm.Able(vm.Guards | vm.Locking | vm.Hints) {
		fewest = 5
	}
	for name, operate := range runs {
		t.Run(name, func(t *testing.T) {
			vm.Require(t, runsNeed[name])
			balanced(t)
			closeLater(t, mapped(t, 1), nil) // there is an interface to the kernel
			files := 0
			once := func(first, burst int, twice bool) (calls, failed int) {
				r := &run{t: t, dir: t.TempDir(), name: sharedName(t), twice: twice}
				r.refusing = func(vm.Op) error {
					calls++
					if calls > first && calls-first <= burst {
						return errInjected
					}
					return nil
				}
				vm.Inject(r.refusing)
				operate(r)
				r.finish()
				if n := openFiles(t); files == 0 {
					files = n
				} else if n != files {
					t.Fatalf("%d files are open, were %d after the failure of %d calls from %d on", n, files, burst, first)
				}
				return calls, r.failed
			}
			calls, failed := once(0, 0, false)
			if calls < fewest || failed > 0 {
				t.Fatalf("%d kernel calls, %d calls failed", calls, failed)
			}
			for _, burst := range []int{1, 3, 1 << 30} {
				for n := range calls {
					if _, failed := once(n, burst, false); failed == 0 && burst > 1<<20 {
						t.Errorf("all kernel calls from %d on failed, and no method returned an error", n)
					}
				}
			}
			for n := range calls {
				once(n, 1<<30, true)
			}
		})
	}
}

// TestRegionsOnOtherKernels: a kernel may lack a call, or a sandbox may forbid it. The package
// does without the call if it can keep its promises, and returns an error otherwise.
func TestRegionsOnOtherKernels(t *testing.T) {
	for _, c := range []struct {
		name   string
		op     vm.Op
		answer error
		call   func() (*Region, error)
		want   error
	}{
		{"memfd_secret missing", vm.OpSecret, syscall.ENOSYS, mapSecret, nil},
		{"memfd_secret forbidden", vm.OpSecret, syscall.EPERM, mapSecret, nil},
		{"madvise forbidden, for secrets", vm.OpAdvise, syscall.EPERM, mapSecret, fs.ErrPermission},
		{"names missing", vm.OpName, syscall.EINVAL, mapAnonymous, nil},
		{"names forbidden", vm.OpName, syscall.EPERM, mapAnonymous, nil},
		{"transparent huge pages missing", vm.OpAdvise, syscall.EINVAL, func() (*Region, error) {
			return Map(1000, MapOptions{Options: Options{HugePages: TransparentPages}})
		}, nil},
		{"memfd_create missing", vm.OpMemfd, syscall.ENOSYS, mapMemfd, ErrKernelLacks},
		{"memfd_create forbidden", vm.OpMemfd, syscall.EPERM, mapMemfd, fs.ErrPermission},
		{"populating missing", vm.OpAdvise, syscall.EINVAL, func() (*Region, error) {
			r, err := Map(1000, MapOptions{})
			if err != nil {
				return nil, err
			}
			return r, errors.Join(r.Advise(AdvisePopulateWrite), r.Close())
		}, ErrKernelLacks},
		{"mlock forbidden", vm.OpLock, syscall.EPERM, func() (*Region, error) {
			return Map(1000, MapOptions{Options: Options{Lock: true}})
		}, ErrLockLimit},
		{"no room for a file", vm.OpAllocate, syscall.ENOSPC, func() (*Region, error) {
			return MapFile(filepath.Join(t.TempDir(), "file"), FileOptions{Mode: FileShared, Create: true, Length: 1000})
		}, ErrNoSpace},
		{"fallocate missing", vm.OpAllocate, syscall.EOPNOTSUPP, func() (*Region, error) {
			return MapFile(filepath.Join(t.TempDir(), "file"), FileOptions{Mode: FileShared, Create: true, Length: 1000})
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			vm.Require(t, map[vm.Op]vm.Feature{vm.OpMemfd: vm.SharedMemory, vm.OpLock: vm.Locking}[c.op])
			balanced(t)
			vm.Inject(func(op vm.Op) error {
				if op == c.op {
					return c.answer
				}
				return nil
			})
			r, err := c.call()
			vm.Inject(nil)
			if errors.Is(err, ErrUnsupported) {
				t.Skip(err)
			}
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil {
				paint(r.Bytes())
				must(t, r.Close())
			}
		})
	}
}

func mapSecret() (*Region, error)    { return Map(1000, MapOptions{Secret: true}) }
func mapAnonymous() (*Region, error) { return Map(1000, MapOptions{}) }
func mapMemfd() (*Region, error)     { return MapShared("", 1000, SharedOptions{}) }
