// SPDX-License-Identifier: Apache-2.0

package vm

import "errors"

// A File is an open file: a file with a name, a memfd, or an inherited descriptor. Its
// owner closes it. A mapping of the file stays valid after that.
type File struct {
	fd   int
	name string
}

// Fd returns the descriptor.
func (f *File) Fd() int { return f.fd }

// Name returns the name with which the file was opened or made.
func (f *File) Name() string { return f.name }

// OpenFlags are the options of Open; combine them with |. 0 opens an existing file for
// reading.
type OpenFlags uint8

// The options of Open.
const (
	ForWriting OpenFlags = 1 << iota // open for reading and writing
	Create                           // create the file if it does not exist
	Exclusive                        // with Create: fail if the file exists
	Unnamed                          // create a file without a name in the named directory; see Link
	NoFollow                         // fail if the name is a symbolic link
)

// FileInfo describes a file.
type FileInfo struct {
	Size          int64 // bytes
	Regular       bool
	Permissions   uint32 // the nine permission bits of owner, group and others
	Owner         uint32 // user id
	Device, Inode uint64
	Links         uint64 // number of names
	Bounded, Full bool   // whether the file system has a fixed size, and whether it is full
	InMemory      bool   // the file system keeps files in RAM; there even reading a page takes memory
}

// Open opens the file with the name. permissions apply to a file that it creates, without
// the bits of the umask.
func (s *Space) Open(name string, flags OpenFlags, permissions uint32) (*File, error) {
	return s.file(OpOpen, name, func() (int, error) { return sysOpen(name, flags, permissions) })
}

// Memfd creates an empty file in RAM that has no name in any file system. /proc/self/maps
// shows name, as for Name.
func (s *Space) Memfd(name string) (*File, error) {
	const longest = 249
	return s.file(OpMemfd, name, func() (int, error) { return sysMemfd(printable(name, longest)) })
}

// Secret creates a file whose memory only its own mappings can reach; even the kernel's
// direct map does not contain it. It counts as locked memory. It needs Linux 5.14, and
// before 6.5 the boot option secretmem.enable.
func (s *Space) Secret() (*File, error) {
	return s.file(OpSecret, "memfd_secret", sysSecret)
}

// Dup returns a File with a new descriptor for the open file fd. The caller still owns
// fd.
func (s *Space) Dup(fd int, name string) (*File, error) {
	return s.file(OpDup, name, func() (int, error) { return sysDup(fd) })
}

// Reopen opens the file that fd has open once more, so that the new File has locks of its
// own. The caller still owns fd. Without Reopening it opens the file by its name, and
// fails if another file has that name.
func (s *Space) Reopen(fd int, name string, flags OpenFlags) (*File, error) {
	if Able(Reopening) {
		return s.file(OpOpen, name, func() (int, error) { return sysReopen(fd, flags) })
	}
	f, err := s.Open(name, flags, 0)
	if err != nil {
		return nil, errors.Join(Need(Reopening), err)
	}
	same, err := s.sameFile(fd, f)
	if err == nil && !same {
		err = Need(Reopening)
	}
	if err != nil {
		return nil, errors.Join(err, s.CloseFile(f))
	}
	return f, nil
}

// sameFile reports whether fd and f are the same file.
func (s *Space) sameFile(fd int, f *File) (bool, error) {
	a, err := s.Stat(&File{fd, f.name})
	if err != nil {
		return false, err
	}
	b, err := s.Stat(f)
	return a.Device == b.Device && a.Inode == b.Inode, err
}

// SharedPath returns the path of the shared object with the name.
func SharedPath(name string) string { return sharedPrefix() + name }

func (s *Space) file(op Op, name string, sys func() (int, error)) (*File, error) {
	fd := -1
	err := s.call(op, 0, func() (err error) {
		fd, err = sys()
		return err
	})
	if err != nil {
		return nil, named(name, err)
	}
	return &File{fd, name}, nil
}

// CloseFile closes f. The descriptor is closed even if it returns an error.
func (s *Space) CloseFile(f *File) error { return s.surely(OpClose, f, sysClose) }

// surely makes a call that releases something. It makes the call even if a test injects
// an error, because callers do not repeat it.
func (s *Space) surely(op Op, f *File, sys func(fd int) error) error {
	injected := s.enter(op)
	err := sys(f.fd)
	if injected != nil {
		err = injected
	}
	return named(f.name, describe(op, 0, err))
}

// Stat returns information about f.
func (s *Space) Stat(f *File) (info FileInfo, err error) {
	err = s.call(OpStat, 0, func() (err error) {
		info, err = sysStat(f.fd)
		return err
	})
	return info, named(f.name, err)
}

// Truncate sets the length of f to size bytes. Added bytes read as zeros and occupy no
// space until they are written. An access to a mapped page beyond the new end raises
// SIGBUS.
func (s *Space) Truncate(f *File, size int64) error {
	return named(f.name, s.call(OpTruncate, 0, func() error { return sysTruncate(f.fd, size) }))
}

// Allocate reserves disk space for size bytes from offset on, and lengthens f if it ends
// before. Later writes to this range cannot fail for lack of space; in a mapping that
// failure would be SIGBUS. It returns ErrKernelLacks if the file system cannot reserve
// space.
func (s *Space) Allocate(f *File, offset, size int64) error {
	return named(f.name, s.call(OpAllocate, 0, func() error { return sysAllocate(f.fd, offset, size) }))
}

// LockFile takes the advisory lock of f (flock), exclusive or shared. If wait is false
// and the lock is taken, it returns ErrFileLocked. The lock ends when the last descriptor
// of the same open is closed, so it also ends when the process dies.
func (s *Space) LockFile(f *File, exclusive, wait bool) error {
	return named(f.name, s.call(OpFlock, 0, func() error { return sysFlock(f.fd, exclusive, wait) }))
}

// UnlockFile releases the advisory lock of f. The lock is released even if it returns an
// error.
func (s *Space) UnlockFile(f *File) error { return s.surely(OpFlock, f, sysFunlock) }

// Link gives a name to a file that was opened with Unnamed, and f may get another descriptor.
// It returns fs.ErrExist if the name exists. If two programs create a file at the same time, one of them succeeds, and
// no program sees an incomplete file.
func (s *Space) Link(f *File, name string) error {
	return named(name, s.call(OpLink, 0, func() (err error) {
		f.fd, err = sysLink(f.fd, name)
		return err
	}))
}

// Unlink removes a name. The file exists until its last mapping and descriptor are gone.
func (s *Space) Unlink(name string) error {
	return named(name, s.call(OpUnlink, 0, func() error { return sysUnlink(name) }))
}
