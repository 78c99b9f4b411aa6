// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// sharedDir is where named objects are: a file system in RAM on every Linux.
const sharedDir = "/dev/shm"

// attempts bounds how often MapShared and MapFile try again when others make and remove
// the name at the same time.
const attempts = 100

// MapShared returns a region of n bytes that processes share. With a name it is an
// object in /dev/shm that others map by the same name, and that stays until it is
// removed (RemoveShared, SharedOptions.Unlink) or the system restarts; without one
// it is a memfd, which others get by inheriting its descriptor (Region.File,
// MapInherited).
//
// An object that exists has the length that its header says; n is the same then, or
// 0 for any. A name appears when its object is complete: nobody maps half of one. A
// process that dies leaves its objects as they are, and their bytes as it had
// written them: what is stale in them is for the program to tell, and an object that
// is not wanted any more to be removed. One that is stopped in the middle of Resize
// keeps others from opening and resizing the object until it goes on or dies.
func MapShared(name string, n int, o SharedOptions) (*Region, error) {
	r := newRegion(Shared, name, o.Options)
	r.shareAs(&o)
	if name == "" {
		r.sparse = true
		return r.open("MapShared", n, 1, func() error { return r.mapMemfd(uintptr(n), &o) })
	}
	return r.open("MapShared", n, 0, func() error { return r.mapNamed(name, uintptr(n), &o) })
}

// MapInherited maps a shared object by the descriptor of it that this process was
// given; f stays the caller's.
func MapInherited(f *os.File, o SharedOptions) (*Region, error) {
	r := newRegion(Shared, f.Name(), o.Options)
	r.shareAs(&o)
	return r.open("MapInherited", 0, 0, func() error {
		// Opened anew, not duplicated: locks belong to an opening, and the one that was
		// inherited is shared with whom it came from.
		opened, err := space.Open(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), r.openFlags(), 0)
		runtime.KeepAlive(f)
		if err != nil {
			return err
		}
		r.file = opened
		return r.join(0, &o)
	})
}

// File returns a descriptor of the file or shared object that the region shows, to
// be handed to another process (exec.Cmd.ExtraFiles) and closed by the caller. Private memory
// has none: ErrInvalid.
func (r *Region) File() (*os.File, error) {
	if err := r.gate.enter(); err != nil {
		return nil, r.error("File", 0, err)
	}
	defer r.gate.leave()
	if r.file == nil {
		return nil, r.error("File", 0, invalid("%v memory has no file", r.kind))
	}
	f, err := space.Dup(r.file.Fd(), r.name)
	if err != nil {
		return nil, r.error("File", 0, err)
	}
	return os.NewFile(uintptr(f.Fd()), r.name), nil
}

// RemoveShared removes the name of a shared object. Processes that have it mapped
// keep it; the next MapShared makes a new one.
func RemoveShared(name string) error {
	path, err := sharedPath(name)
	if err == nil {
		err = space.Unlink(path)
	}
	if err != nil {
		return &Error{"RemoveShared", name, 0, err}
	}
	return nil
}

func (r *Region) shareAs(o *SharedOptions) {
	r.sparse, r.mode = o.Sparse, FileShared
	if o.ReadOnly {
		r.mode = FileReadOnly
	}
}

func (r *Region) openFlags() vm.OpenFlags {
	if r.mode == FileReadOnly {
		return 0
	}
	return vm.ForWriting
}

// sharedPath returns the file of a named object.
func sharedPath(name string) (string, error) {
	if name == "" || strings.ContainsAny(name, "/\x00") || name[0] == '.' || len(name) > 255 {
		return "", invalid("the name %q: it is a file name without a directory, that does not begin with a dot", name)
	}
	return filepath.Join(sharedDir, name), nil
}

func (r *Region) mapMemfd(n uintptr, o *SharedOptions) (err error) {
	if o.ReadOnly {
		return invalid("a new object is not read-only")
	}
	if r.file, err = space.Memfd("ashlar:" + r.name); err != nil {
		return err
	}
	return r.found(n, o)
}

func (r *Region) mapNamed(name string, n uintptr, o *SharedOptions) error {
	path, err := sharedPath(name)
	if err != nil {
		return err
	}
	for range attempts {
		if o.Open != MustCreate {
			r.file, err = space.Open(path, r.openFlags()|vm.NoFollow, 0)
			if err == nil {
				err = r.join(n, o)
			}
			if o.Open == MustExist || !errors.Is(err, fs.ErrNotExist) {
				break
			}
		}
		err = r.create(path, n, o)
		if o.Open == MustCreate || !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err == nil && o.Unlink {
		r.unlink = path
	}
	return err
}

// create makes an object and then gives it its name.
func (r *Region) create(path string, n uintptr, o *SharedOptions) (err error) {
	switch {
	case n == 0:
		return fmt.Errorf("%s: %w, and no length to make it with", path, fs.ErrNotExist)
	case o.ReadOnly:
		return invalid("a new object is not read-only")
	}
	r.file, err = space.Open(sharedDir, vm.ForWriting|vm.Unnamed, permissions(o.Permissions))
	if err != nil {
		return err
	}
	if err := r.found(n, o); err != nil {
		return err
	}
	if err := space.Link(r.file, path); err != nil {
		return errors.Join(err, r.dismantle())
	}
	return nil
}

// found makes an object of n bytes of the open, empty file.
func (r *Region) found(n uintptr, o *SharedOptions) error {
	r.lead, r.seal = r.page, rand.Uint64()
	_, err := r.lengthen(int64(r.sizeFor(n)))
	if err == nil {
		err = r.show(r.fileView(), n)
	}
	if err == nil {
		r.writeHeader()
		err = r.finish()
	}
	if err == nil {
		err = r.begin(o, true)
	}
	if err != nil {
		return errors.Join(err, r.dismantle())
	}
	return nil
}

// join maps an object that exists, under its lock: it is complete, and nobody
// changes its length meanwhile.
func (r *Region) join(n uintptr, o *SharedOptions) error {
	err := space.LockFile(r.file, false, true)
	if err == nil {
		err = r.joinLocked(n, o)
		r.unlockFile()
	}
	if err == nil {
		err = r.finish()
	}
	if err == nil {
		err = r.begin(o, false)
	}
	if err != nil {
		return errors.Join(err, r.dismantle())
	}
	return nil
}

// begin asks the program whether it takes the object, or makes it fill a new one.
func (r *Region) begin(o *SharedOptions, made bool) (err error) {
	if o.Begin == nil {
		return nil
	}
	cut := fault.Catch(func() { err = o.Begin(r.bytes(), made) }, r.cutAt)
	return errors.Join(err, cut)
}

// cutAt says that the object ends before an address.
func (r *Region) cutAt(addr uintptr) error {
	if addr-r.frame.body.Base >= r.frame.body.Size {
		return nil
	}
	return fmt.Errorf("%w: it was cut off at %#x", ErrTruncated, addr)
}

// unlockFile gives the lock of the object back: of a file that is open the kernel
// always takes it.
func (r *Region) unlockFile() { _ = space.UnlockFile(r.file) }

func (r *Region) joinLocked(n uintptr, o *SharedOptions) error {
	info, err := space.Stat(r.file)
	if err != nil {
		return err
	}
	if err := trust(info, permissions(o.Permissions)); err != nil {
		return err
	}
	r.lead = r.page
	switch {
	case info.Size <= int64(r.lead):
		return fmt.Errorf("%w: it has %d bytes, less than a header", ErrForeign, info.Size)
	case uint64(info.Size) >= maxLength:
		return fmt.Errorf("%w: it has %d bytes", ErrOutOfMemory, info.Size)
	}
	if err := r.show(r.fileView(), uintptr(info.Size)-r.lead); err != nil {
		return err
	}
	length, err := r.readHeader(uint64(info.Size))
	if err != nil {
		return err
	}
	if n != 0 && length != n {
		return fmt.Errorf("%w: it has %d bytes", ErrMismatch, length)
	}
	r.length = length
	return nil
}

// header reads the header of an object that others may be playing with.
func (r *Region) header() (h header, err error) {
	err = fault.Catch(func() { h = loadHeader(r.base()) }, func(addr uintptr) error {
		return fmt.Errorf("%w: it was cut off at %#x", ErrTruncated, addr)
	})
	return h, err
}

// readHeader reads and verifies the header, and returns the length of the region.
func (r *Region) readHeader(size uint64) (uintptr, error) {
	h, err := r.header()
	if err != nil {
		return 0, err
	}
	length, err := h.verify(r.lead, size)
	if err == nil {
		r.seal = h[wordSeal]
	}
	return length, err
}

// trust refuses a file that other users may have made or may write to, unless the
// permissions that the program wants admit them. A memfd has no permissions to
// speak of: who has its descriptor was given it.
func trust(info vm.FileInfo, wanted uint32) error {
	if !info.Regular {
		return fmt.Errorf("%w: it is no regular file", ErrForeign)
	}
	if info.Links == 0 {
		return nil
	}
	if user := os.Geteuid(); wanted&0o077 == 0 && info.Owner != uint32(user) {
		return fmt.Errorf("%w: it belongs to user %d, and this is user %d (Permissions that admit others would do)",
			ErrForeign, info.Owner, user)
	}
	if more := info.Permissions &^ wanted; more != 0 {
		return fmt.Errorf("%w: its permissions are %#o, and no more than %#o were asked for", ErrForeign, info.Permissions, wanted)
	}
	return nil
}
