// SPDX-License-Identifier: Apache-2.0

package vm

// A File is an open file of the kernel: a file by name, a memfd, an inherited
// descriptor. Its owner closes it; a mapping of it needs it no longer.
type File struct {
	fd   int
	name string
}

// Fd returns the descriptor.
func (f *File) Fd() int { return f.fd }

// Name returns the name by which the file was opened or made.
func (f *File) Name() string { return f.name }

// OpenFlags say how a file is opened; they are added up. 0 opens a file that
// exists, for reading.
type OpenFlags uint8

// The ways to open a file.
const (
	ForWriting OpenFlags = 1 << iota // and for reading
	Create                           // if it does not exist
	Exclusive                        // with Create: it must not exist
	Unnamed                          // make a file without a name in the directory of that name; see Link
	NoFollow                         // refuse a symbolic link
)

// FileInfo is what is known of a file.
type FileInfo struct {
	Size          int64 // bytes
	Regular       bool
	Permissions   uint32 // the nine bits of owner, group and others
	Owner         uint32 // user id
	Device, Inode uint64
	Links         uint64 // names
	Bounded, Full bool   // the file system has so much room and no more; it has none left
	InMemory      bool   // the file system keeps files in RAM, where even a page that is only read takes room
}

// Open opens a file by name; permissions are for one that it makes, less the umask.
func (s *Space) Open(name string, flags OpenFlags, permissions uint32) (*File, error) {
	return s.file(OpOpen, name, func() (int, error) { return sysOpen(name, flags, permissions) })
}

// Memfd makes a file without a name on any file system, of no bytes, in RAM. name
// is shown in /proc/self/maps, as Name does it.
func (s *Space) Memfd(name string) (*File, error) {
	const longest = 249
	return s.file(OpMemfd, name, func() (int, error) { return sysMemfd(printable(name, longest)) })
}

// Secret makes a file of memory that only its mappings can reach, not even the
// kernel by its own map; it counts as locked. Linux 5.14, and from 6.5 on it is
// there without being enabled at boot (secretmem.enable).
func (s *Space) Secret() (*File, error) {
	return s.file(OpSecret, "memfd_secret", sysSecret)
}

// Dup returns another descriptor for the open file fd, which stays its owner's.
func (s *Space) Dup(fd int, name string) (*File, error) {
	return s.file(OpDup, name, func() (int, error) { return sysDup(fd) })
}

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

// CloseFile closes f, also when it returns an error.
func (s *Space) CloseFile(f *File) error { return s.surely(OpClose, f, sysClose) }

// surely makes a call that gives something back, also where a test has it fail: it
// cannot be repeated, or is not.
func (s *Space) surely(op Op, f *File, sys func(fd int) error) error {
	injected := s.enter(op)
	err := sys(f.fd)
	if injected != nil {
		err = injected
	}
	return named(f.name, explain(op, 0, err))
}

// Stat tells what is known of f.
func (s *Space) Stat(f *File) (info FileInfo, err error) {
	err = s.call(OpStat, 0, func() (err error) {
		info, err = sysStat(f.fd)
		return err
	})
	return info, named(f.name, err)
}

// Truncate makes f size bytes long. What it adds reads as zeros and takes no space
// until it is written; pages beyond a new end raise SIGBUS where they are mapped.
func (s *Space) Truncate(f *File, size int64) error {
	return named(f.name, s.call(OpTruncate, 0, func() error { return sysTruncate(f.fd, size) }))
}

// Allocate takes the space for size bytes from offset on, and makes f longer if it
// ends before. Afterwards a write there cannot fail for lack of space, which in a
// mapping would be SIGBUS. File systems that cannot say ErrKernelLacks.
func (s *Space) Allocate(f *File, offset, size int64) error {
	return named(f.name, s.call(OpAllocate, 0, func() error { return sysAllocate(f.fd, offset, size) }))
}

// LockFile takes the advisory lock of f (flock), for one holder or for many. Without
// wait ErrFileLocked says that it is taken. It ends with the last descriptor that
// came of the same opening, so a process that dies holds nothing.
func (s *Space) LockFile(f *File, exclusive, wait bool) error {
	return named(f.name, s.call(OpFlock, 0, func() error { return sysFlock(f.fd, exclusive, wait) }))
}

// UnlockFile gives the advisory lock of f back, also when it returns an error.
func (s *Space) UnlockFile(f *File) error { return s.surely(OpFlock, f, sysFunlock) }

// Link gives a file that was opened Unnamed a name. It fails with fs.ErrExist where
// there is one: of two that race to make a file, one wins, and nobody sees it half made.
func (s *Space) Link(f *File, name string) error {
	return named(name, s.call(OpLink, 0, func() error { return sysLink(f.fd, name) }))
}

// Unlink removes a name; the file goes when its last mapping and descriptor do.
func (s *Space) Unlink(name string) error {
	return named(name, s.call(OpUnlink, 0, func() error { return sysUnlink(name) }))
}
