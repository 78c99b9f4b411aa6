// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// attempts bounds how often MapShared and MapFile try again when others make and remove
// the name at the same time.
const attempts = 100

// sharedPath returns the path of a named object.
func sharedPath(name string) (string, error) {
	if name == "" || strings.ContainsAny(name, "/\x00") || !filepath.IsLocal(name) || filepath.Base(name) != name || name[0] == '.' || len(name) > 255 {
		return "", invalid("the name %q: it must be a file name without a directory, and not begin with a dot", name)
	}
	return vm.SharedPath(name), nil
}

// mapMemfd makes a memfd of n bytes and maps it.
func (r *Region) mapMemfd(n uintptr, o *SharedOptions) (err error) {
	if r.file, err = space.Memfd("ashlar:" + r.name); err != nil {
		return err
	}
	return r.initialize(n, o)
}

// mapNamed maps the object of that name, and makes it if there is none.
func (r *Region) mapNamed(name string, n uintptr, o *SharedOptions) error {
	path, err := sharedPath(name)
	if err != nil {
		return err
	}
	for range attempts {
		if o.Open != MustCreate {
			r.file, err = space.Open(path, r.openFlags()|vm.NoFollow, 0)
			if err == nil {
				err = r.attach(n, o)
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

// create makes an object, and gives it its name when it is complete.
func (r *Region) create(path string, n uintptr, o *SharedOptions) (err error) {
	switch {
	case n == 0:
		return fmt.Errorf("%s: %w: to make it, pass a length above 0", path, fs.ErrNotExist)
	case o.ReadOnly:
		return invalid("ReadOnly for a new object")
	}
	r.file, err = space.Open(filepath.Dir(path), vm.ForWriting|vm.Unnamed, permissions(o.Permissions))
	if err != nil {
		return err
	}
	if err := r.initialize(n, o); err != nil {
		return err
	}
	if err := space.Link(r.file, path); err != nil {
		return errors.Join(err, r.dismantle())
	}
	return nil
}

// initialize makes the open, empty file an object of n bytes, and maps it.
func (r *Region) initialize(n uintptr, o *SharedOptions) error {
	r.lead, r.seal = r.page, rand.Uint64()
	_, err := r.lengthen(int64(r.sizeFor(n)))
	if err == nil {
		err = r.mapBody(r.fileView(), n)
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

// attach maps an object that exists. It holds the object's lock meanwhile, so that nobody
// changes the length.
func (r *Region) attach(n uintptr, o *SharedOptions) error {
	err := space.LockFile(r.file, false, true)
	if err == nil {
		err = r.attachLocked(n, o)
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

// begin calls SharedOptions.Begin, if there is one.
func (r *Region) begin(o *SharedOptions, made bool) (err error) {
	if o.Begin == nil {
		return nil
	}
	cut := fault.Catch(func() { err = o.Begin(r.bytes(), made) }, r.cutAt)
	return errors.Join(err, cut)
}

// cutAt returns ErrTruncated if addr lies in the region, which ends there now.
func (r *Region) cutAt(addr uintptr) error {
	if addr-r.frame.body.Base >= r.frame.body.Size {
		return nil
	}
	return fmt.Errorf("%w: it was cut off at %#x", ErrTruncated, addr)
}

// unlockFile releases the object's lock. The kernel never refuses that for an open file.
func (r *Region) unlockFile() { _ = space.UnlockFile(r.file) }

// attachLocked does what attach does, under the lock.
func (r *Region) attachLocked(n uintptr, o *SharedOptions) error {
	info, err := space.Stat(r.file)
	if err != nil {
		return err
	}
	if err := checkOwner(info, permissions(o.Permissions)); err != nil {
		return err
	}
	r.lead = r.page
	switch {
	case info.Size <= int64(r.lead):
		return fmt.Errorf("%w: it has %d bytes, less than a header", ErrForeign, info.Size)
	case uint64(info.Size) >= maxLength:
		return fmt.Errorf("%w: it has %d bytes", ErrOutOfMemory, info.Size)
	}
	if err := r.mapBody(r.fileView(), uintptr(info.Size)-r.lead); err != nil {
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

// header returns the header. Another process may write to it, or cut it off, meanwhile.
func (r *Region) header() (h header, err error) {
	err = fault.Catch(func() { h = loadHeader(r.base()) }, r.cutAt)
	return h, err
}

// readHeader returns the length of the region from the header of a shared object. It checks
// every word of the header before it uses one.
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

// checkOwner refuses a file that other users may have made or may open, unless the
// permissions that the program allows admit other users. A memfd needs no check, because a
// process can get its descriptor only from a process that has one.
func checkOwner(info vm.FileInfo, allowed uint32) error {
	if !info.Regular {
		return fmt.Errorf("%w: this is not a regular file", ErrForeign)
	}
	if info.Links == 0 {
		return nil
	}
	if user := os.Geteuid(); allowed&0o077 == 0 && info.Owner != uint32(user) {
		return fmt.Errorf("%w: it belongs to user %d, and this is user %d (Permissions that admit other users would allow it)",
			ErrForeign, info.Owner, user)
	}
	if more := info.Permissions &^ allowed; more != 0 {
		return fmt.Errorf("%w: its permissions are %#o, and the options allow %#o", ErrForeign, info.Permissions, allowed)
	}
	return nil
}
