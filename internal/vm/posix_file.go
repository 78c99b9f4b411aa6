// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || freebsd || netbsd || openbsd || solaris || (linux && ashlar_posix)) && !ashlar_heap

package vm

import (
	"os"

	"golang.org/x/sys/unix"
)

// openUnnamed has no effect: sysOpen is not called for files without a name.
const openUnnamed = 0

// openTemporary makes a file in a directory, with a name that nobody else has.
func openTemporary(dir string, permissions uint32) (int, string, error) {
	for {
		name := temporaryName(dir)
		fd, err := openNamed(name, ForWriting|Create|Exclusive, permissions)
		if err != unix.EEXIST {
			return fd, name, err
		}
	}
}

func sysOpen(name string, flags OpenFlags, permissions uint32) (int, error) {
	if flags&Unnamed == 0 {
		return openNamed(name, flags, permissions)
	}
	fd, temporary, err := openTemporary(name, permissions)
	if err == nil {
		keepTemporary(fd, temporary)
	}
	return fd, err
}

func sysMemfd(string) (int, error) {
	fd, name, err := openTemporary(os.TempDir(), 0o600)
	if err == nil {
		err = unix.Unlink(name)
	}
	return fd, err
}

func sysSecret() (int, error) { return -1, Need(SecretMemory) }

func sysReopen(int, OpenFlags) (int, error) { return -1, Need(Reopening) }

// sysLink gives the file its name, and removes the temporary one.
func sysLink(fd int, name string) (int, error) {
	temporary := temporaryOf(fd)
	if err := unix.Link(temporary, name); err != nil {
		return fd, err
	}
	takeTemporary(fd)
	return fd, unix.Unlink(temporary)
}

// temporaryOf returns the temporary name of a file, or "".
func temporaryOf(fd int) string {
	unnamed.mu.Lock()
	defer unnamed.mu.Unlock()
	return unnamed.names[fd]
}

func sysClose(fd int) error {
	if name := takeTemporary(fd); name != "" {
		_ = unix.Unlink(name)
	}
	return unix.Close(fd)
}

func sysStat(fd int) (FileInfo, error) {
	var st unix.Stat_t
	if err := uninterrupted(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return FileInfo{}, err
	}
	return FileInfo{
		Size: st.Size, Regular: uint32(st.Mode)&unix.S_IFMT == unix.S_IFREG, Permissions: uint32(st.Mode) & 0o777,
		Owner: st.Uid, Device: uint64(st.Dev), Inode: uint64(st.Ino), Links: uint64(st.Nlink),
	}, nil
}

func sysAllocate(int, int64, int64) error { return Need(Preallocation) }

func sysPreallocate(int, int64, int64) error { return Need(Preallocation) }

func sysPunch(int, int64, int64) error { return Need(Holes) }

func sysLockLength(int, bool) error { return Need(LengthLocks) }

func sysStoreDirectory(fd int) error { return sysStore(fd) }
