// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// share maps a shared object and closes it at the end of the test.
func share(t *testing.T, name string, n int, o SharedOptions) *Region {
	t.Helper()
	r, err := MapShared(name, n, o)
	return closeLater(t, r, err)
}

func TestMapSharedByName(t *testing.T) {
	balanced(t)
	name := sharedName(t)
	a := share(t, name, 100_000, SharedOptions{Open: MustCreate})
	paint(a.Bytes())
	for _, n := range []int{0, 100_000} {
		for _, open := range []OpenMode{OpenOrCreate, MustExist} {
			painted(t, share(t, name, n, SharedOptions{Open: open}).Bytes())
		}
	}
	b := share(t, name, 0, SharedOptions{ReadOnly: true})
	a.Bytes()[7] = 99
	if b.Len() != 100_000 || b.Bytes()[7] != 99 {
		t.Errorf("%d bytes, byte 7 is %d", b.Len(), b.Bytes()[7])
	}
	if err := b.Catch(func(b []byte) error { b[7] = 1; return nil }); !errors.Is(err, ErrReadOnly) {
		t.Errorf("writing to a read-only region: %v", err)
	}
	if err := b.Resize(10); !errors.Is(err, ErrReadOnly) {
		t.Errorf("resizing a read-only region: %v", err)
	}
	info, err := os.Stat(vm.SharedPath(name))
	must(t, err)
	if vm.Able(vm.Permissions) && info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v", info.Mode())
	}
}

func TestMapSharedRefuses(t *testing.T) {
	balanced(t)
	for _, c := range []struct {
		what   string
		n      int
		o      SharedOptions
		want   error
		prep   func(path, name string)
		closed error // that Close returns to a region that mapped the object before
		needs  vm.Feature
	}{
		{"one that exists", 1000, SharedOptions{Open: MustCreate}, fs.ErrExist, nil, nil, 0},
		{"another length", 1001, SharedOptions{}, ErrMismatch, nil, nil, 0},
		{"one that was removed", 1000, SharedOptions{Open: MustExist}, fs.ErrNotExist, func(_, name string) {
			must(t, RemoveShared(name))
		}, nil, 0},
		{"one that was removed, no length", 0, SharedOptions{}, fs.ErrNotExist, func(_, name string) {
			must(t, RemoveShared(name))
		}, nil, 0},
		{"a short file", 0, SharedOptions{}, ErrForeign, func(path, _ string) { must(t, os.Truncate(path, 100)) }, ErrDamaged, vm.FilesAhead},
		{"an empty file", 1000, SharedOptions{}, ErrForeign, func(path, _ string) { must(t, os.Truncate(path, 0)) }, ErrTruncated, vm.FilesAhead},
		{"a cut file", 0, SharedOptions{}, ErrMismatch, func(path, _ string) {
			must(t, os.Truncate(path, int64(os.Getpagesize())+999))
		}, nil, vm.FilesAhead},
		{"zeros", 1000, SharedOptions{}, ErrForeign, func(path, _ string) {
			must(t, os.WriteFile(path, make([]byte, 100_000), 0o600))
		}, ErrDamaged, vm.FilesAhead},
		{"a flipped bit of the length", 0, SharedOptions{}, ErrDamaged, flip(t, 8*wordLength), ErrDamaged, 0},
		{"a flipped bit of the check", 0, SharedOptions{}, ErrDamaged, flip(t, 8*wordCheck+3), ErrDamaged, 0},
		{"a flipped bit of the guard", 0, SharedOptions{}, ErrDamaged, flip(t, 8*wordCanary2+7), ErrDamaged, 0},
		{"another version", 0, SharedOptions{}, ErrVersion, flip(t, 8*wordVersion), ErrDamaged, 0},
		{"another magic number", 0, SharedOptions{}, ErrForeign, flip(t, 8*wordMagic), ErrDamaged, 0},
		{"one open to all", 0, SharedOptions{}, ErrForeign, func(path, _ string) { must(t, os.Chmod(path, 0o644)) }, nil, vm.Permissions},
		{"a link", 0, SharedOptions{}, nil, func(path, _ string) {
			must(t, errors.Join(os.Rename(path, path+"-moved"), os.Symlink(path+"-moved", path)))
		}, nil, vm.Permissions},
		{"a directory", 0, SharedOptions{ReadOnly: true}, ErrForeign, func(path, name string) {
			must(t, errors.Join(RemoveShared(name), os.Mkdir(path, 0o600)))
		}, nil, 0},
	} {
		if !vm.Able(c.needs) {
			continue
		}
		name := sharedName(t)
		path := vm.SharedPath(name)
		before, err := MapShared(name, 1000, SharedOptions{})
		must(t, err)
		if c.prep != nil {
			c.prep(path, name)
		}
		r, err := MapShared(name, c.n, c.o)
		if r != nil || err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.what, err)
		}
		if err := before.Close(); !errors.Is(err, c.closed) {
			t.Errorf("%s: Close of the one that was mapped before: %v, want %v", c.what, err, c.closed)
		}
		must(t, errors.Join(os.RemoveAll(path), os.RemoveAll(path+"-moved")))
	}
}

// flip returns a function that flips a bit of a byte of the header.
func flip(t *testing.T, word int) func(path, name string) {
	return func(path, _ string) {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		must(t, err)
		at := int64(os.Getpagesize()-headerSize) + int64(word)
		b := make([]byte, 1)
		_, err = f.ReadAt(b, at)
		b[0] ^= 4
		_, err2 := f.WriteAt(b, at)
		must(t, errors.Join(err, err2, f.Close()))
	}
}

// When one region changes the length of an object, the others see it after Refresh. Until
// then an access beyond the new end is an error.
func TestSharedResize(t *testing.T) {
	balanced(t)
	name := sharedName(t)
	a, b := share(t, name, 10_000, SharedOptions{}), share(t, name, 10_000, SharedOptions{})
	must(t, a.Resize(100_000))
	paint(a.Bytes())
	painted(t, b.Bytes()[:10_000])
	if b.Len() != 10_000 {
		t.Errorf("%d bytes before Refresh", b.Len())
	}
	must(t, b.Refresh())
	painted(t, b.Bytes())
	if b.Len() != 100_000 {
		t.Errorf("%d bytes after Refresh", b.Len())
	}
	must(t, a.Resize(5000))
	err := b.Catch(func(b []byte) error { b[50_000] = 1; return nil })
	if vm.Able(vm.FilesAhead) && !errors.Is(err, ErrTruncated) {
		t.Errorf("beyond the end: %v", err)
	}
	must(t, b.Refresh())
	must(t, b.Resize(20_000))
	must(t, a.Refresh())
	painted(t, a.Bytes()[:5000])
	allZero(t, a.Bytes()[5000:])
}

// An object that could not become longer keeps its bytes and its size.
func TestSharedResizeRefused(t *testing.T) {
	balanced(t)
	name := sharedName(t)
	r := share(t, name, 10_000, SharedOptions{})
	before, err := os.Stat(vm.SharedPath(name))
	must(t, err)
	refuse(vm.OpRemap)
	err = r.Resize(100_000)
	vm.Inject(nil)
	after, err2 := os.Stat(vm.SharedPath(name))
	must(t, err2)
	same := after.Size() == before.Size() || !vm.Able(vm.FilesAhead) // then it may have become longer
	if !errors.Is(err, ErrOutOfMemory) || r.Len() != 10_000 || !same {
		t.Errorf("%v, %d bytes in a file of %d, was %d", err, r.Len(), after.Size(), before.Size())
	}
}

// TestMapSharedRace: if many calls open one name at the same time, one of them makes the
// object, and all map the same object.
func TestMapSharedRace(t *testing.T) {
	vm.Require(t, vm.SharedMemory)
	balanced(t)
	const workers, rounds = 8, 50
	for range rounds {
		name := sharedName(t)
		var wg sync.WaitGroup
		var made atomic.Int32
		regions := make([]*Region, workers)
		for i := range workers {
			wg.Go(func() {
				r, err := MapShared(name, 8, SharedOptions{Open: MustCreate})
				switch {
				case err == nil:
					made.Add(1)
				case errors.Is(err, fs.ErrExist):
					r, err = MapShared(name, 8, SharedOptions{})
				}
				if err != nil {
					t.Error(err)
					return
				}
				regions[i] = r
				raw.At[atomic.Int64](r.base()).Add(1)
			})
		}
		wg.Wait()
		if t.Failed() {
			return
		}
		if n := raw.At[atomic.Int64](regions[0].base()).Load(); n != workers || made.Load() != 1 {
			t.Fatalf("%d were made, %d of %d came together", made.Load(), n, workers)
		}
		for _, r := range regions {
			must(t, r.Close())
		}
		must(t, RemoveShared(name))
	}
}

// With Unlink, Close removes the name, if it is still that of the object.
func TestSharedUnlink(t *testing.T) {
	balanced(t)
	name := sharedName(t)
	exists := func() bool {
		_, err := os.Stat(vm.SharedPath(name))
		return err == nil
	}
	a := share(t, name, 100, SharedOptions{Unlink: true})
	must(t, a.Close())
	if exists() {
		t.Error("the name is there")
	}
	a = share(t, name, 100, SharedOptions{Unlink: true})
	must(t, RemoveShared(name))
	share(t, name, 100, SharedOptions{})
	must(t, a.Close())
	if !exists() {
		t.Error("another's name was removed")
	}
	must(t, RemoveShared(name))
	a = share(t, name, 100, SharedOptions{Unlink: true})
	path := vm.SharedPath(name)
	must(t, os.Rename(path, path+"-moved"))
	b := share(t, name, 100, SharedOptions{})
	must(t, a.Close())
	if !exists() {
		t.Error("another's name was removed, for one that has another now")
	}
	must(t, os.Remove(path+"-moved"))
	b.Bytes()[0] = 1
	if err := RemoveShared(name); err != nil {
		t.Error(err)
	}
	if err := RemoveShared(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("RemoveShared twice: %v", err)
	}
	b.Bytes()[0] = 2 // still there
}

// TestUnlinkUnmapped: Close removes the name of an object that is not mapped any more. Windows refuses
// to remove the name of a mapped file.
func TestUnlinkUnmapped(t *testing.T) {
	balanced(t)
	a := share(t, sharedName(t), 100, SharedOptions{Unlink: true})
	unmapped := false
	vm.Inject(func(op vm.Op) error {
		switch op {
		case vm.OpRelease:
			unmapped = true
		case vm.OpUnlink:
			if !unmapped {
				t.Error("the object is mapped when its name is removed")
			}
		}
		return nil
	})
	defer vm.Inject(nil)
	must(t, a.Close())
}

// MapInherited maps an object by its descriptor, in this process as in another.
func TestMapInherited(t *testing.T) {
	balanced(t)
	for name, r := range map[string]*Region{
		"memfd": share(t, "", 50_000, SharedOptions{}),
		"named": share(t, sharedName(t), 50_000, SharedOptions{}),
	} {
		paint(r.Bytes())
		f, err := r.File()
		must(t, err)
		again, err := MapInherited(f, SharedOptions{})
		closeLater(t, again, err)
		must(t, f.Close())
		painted(t, again.Bytes())
		again.Bytes()[0] = 200
		if r.Bytes()[0] != 200 || again.Len() != 50_000 {
			t.Errorf("%s: byte 0 is %d of %d", name, r.Bytes()[0], again.Len())
		}
	}
	if _, err := closeLater(t, mapped(t, 1), nil).File(); !errors.Is(err, ErrInvalid) {
		t.Errorf("of private memory: %v", err)
	}
	other, err := os.Open(newFile(t, make([]byte, 100_000)))
	must(t, err)
	if _, err := MapInherited(other, SharedOptions{ReadOnly: true}); !errors.Is(err, ErrForeign) {
		t.Errorf("of a file that is no object: %v", err)
	}
	must(t, other.Close())
}

// TestSharedBegin: Begin fills a new object before others see it. If Begin returns an error,
// no object is left.
func TestSharedBegin(t *testing.T) {
	vm.Require(t, vm.SharedMemory)
	balanced(t)
	name, refused := sharedName(t), errors.New("refused")
	path := vm.SharedPath(name)
	begin := func(want bool, answer error) SharedOptions {
		return SharedOptions{Begin: func(b []byte, made bool) error {
			if _, err := os.Stat(path); made != want || made != errors.Is(err, fs.ErrNotExist) {
				t.Errorf("made %v, want %v, and the name: %v", made, want, err)
			}
			if made {
				b[0] = 7
			}
			return answer
		}}
	}
	if _, err := MapShared(name, 1000, begin(true, refused)); !errors.Is(err, refused) {
		t.Errorf("a new object: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused object was made: %v", err)
	}
	share(t, name, 1000, begin(true, nil))
	o := begin(false, refused)
	o.Unlink = true
	if _, err := MapShared(name, 1000, o); !errors.Is(err, refused) {
		t.Errorf("an object that exists: %v", err)
	}
	if r := share(t, name, 0, begin(false, nil)); r.Bytes()[0] != 7 {
		t.Error("the object is not what Begin made of it")
	}
}
