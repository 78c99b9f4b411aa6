// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"io/fs"
	"os"
)

// OpenMode says whether MapShared makes a named object or finds one.
type OpenMode uint8

const (
	// OpenOrCreate maps the object of that name, and makes it if there is none. The
	// default.
	OpenOrCreate OpenMode = iota
	// MustCreate makes the object. If there is one, the error is fs.ErrExist.
	MustCreate
	// MustExist maps the object that exists. If there is none, the error is
	// fs.ErrNotExist.
	MustExist
)

// SharedOptions are the options of MapShared and MapInherited. The zero value is the
// default of each.
type SharedOptions struct {
	Options

	// Open says whether a named object is made or found. Default: OpenOrCreate.
	Open OpenMode

	// Begin is called with the bytes of the object before MapShared or MapInherited
	// returns. Default: none. If made is set, the object is new: its bytes are zero, and
	// Begin fills them before any other process sees them. If Begin returns an error, the
	// call returns that error. Then no new object is made, and an object that exists is
	// unchanged.
	Begin func(b []byte, made bool) error

	// ReadOnly maps an object that exists for reading only. Default: for reading and
	// writing.
	ReadOnly bool

	// Permissions are the permissions of a new object, less the umask. 0 means 0600. An
	// object that exists must not have more permissions. Every user can put a file into
	// /dev/shm, so an object of another user is refused, unless Permissions admit other
	// users.
	Permissions fs.FileMode

	// Unlink makes Close remove the object's name, if it is still the name of this
	// object. Processes that have mapped the object keep it. Default: the name stays.
	Unlink bool

	// Sparse takes RAM for a page of a named object only when the page is written.
	// Default: the object takes its RAM at once, and a full /dev/shm is ErrNoSpace. With
	// Sparse, a write to a full /dev/shm is a fault. A memfd is always sparse.
	Sparse bool
}

// check reports the first option that makes no sense.
func (o *SharedOptions) check() error {
	if o.Open > MustExist {
		return invalid("Open of %d", o.Open)
	}
	return checkPermissions(o.Permissions)
}

// MapShared returns a region of n bytes that processes share.
//
// With a name, it is an object in /dev/shm, which other processes map by the same name. The
// object exists until its name is removed (RemoveShared, SharedOptions.Unlink) or the system
// restarts. Without a name, it is a memfd. Other processes get it by inheriting its
// descriptor (Region.File, MapInherited).
//
// New memory is zeroed. An object that exists keeps its length; n must be that length, or 0
// for any length. An object gets its name when it is complete, so nobody maps an incomplete
// one.
//
// Objects of a process that dies stay as they are. The program must detect stale data in
// them, and remove objects that it no longer needs. If a process is stopped in the middle of
// Resize, other processes wait when they map or resize the object, until that process
// continues or dies.
func MapShared(name string, n int, o SharedOptions) (*Region, error) {
	r := newSharedRegion(name, &o)
	minLength := 0
	if name == "" {
		r.sparse, minLength = true, 1
	}
	return r.open("MapShared", n, minLength, func() error {
		if err := o.check(); err != nil {
			return err
		}
		switch {
		case o.ReadOnly && (name == "" || o.Open == MustCreate):
			return invalid("ReadOnly for a new object")
		case name == "" && o.Open == MustExist:
			return invalid("MustExist without a name")
		case name == "":
			return r.mapMemfd(uintptr(n), &o)
		}
		return r.mapNamed(name, uintptr(n), &o)
	})
}

// MapInherited maps the shared object that f has open. f has a descriptor that another
// process passed on. The caller keeps f and may close it.
func MapInherited(f *os.File, o SharedOptions) (*Region, error) {
	r := newSharedRegion(nameOf(f), &o)
	return r.open("MapInherited", 0, 0, func() error {
		if err := o.check(); err != nil {
			return err
		}
		switch {
		case o.Open == MustCreate:
			return invalid("MustCreate for an object that exists")
		case o.Unlink:
			return invalid("Unlink for an object whose name is not known")
		}
		if err := r.reopen(f); err != nil {
			return err
		}
		return r.attach(0, &o)
	})
}

func newSharedRegion(name string, o *SharedOptions) *Region {
	r := newRegion(Shared, name, o.Options)
	r.sparse, r.mode = o.Sparse, FileShared
	if o.ReadOnly {
		r.mode = FileReadOnly
	}
	return r
}

// File returns a new descriptor of the file or shared object that the region shows. The
// caller must close it, and can pass it to another process (exec.Cmd.ExtraFiles; on Windows
// syscall.SysProcAttr.AdditionalInheritedHandles, after syscall.SetHandleInformation with
// HANDLE_FLAG_INHERIT). Private memory has no file; the error is ErrInvalid.
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

// RemoveShared removes the name of a shared object. Processes that have mapped the object
// keep it. The next MapShared of that name makes a new object.
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
