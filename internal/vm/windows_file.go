// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
	"math"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Descriptors are handles. Every file is opened so that others may open, rename and remove it
// meanwhile, as on other systems.

const shareAll = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE

// sharedPrefix begins the path of each named shared object. A section of the system cannot
// change its size, and is gone when the last process has closed it. So an object is a file,
// which the system keeps in RAM if there is enough.
func sharedPrefix() string { return os.TempDir() + `\ashlar-shared.` }

// accessFor returns the access to a file.
func accessFor(flags OpenFlags) uint32 {
	if flags&ForWriting != 0 {
		return windows.GENERIC_READ | windows.GENERIC_WRITE
	}
	return windows.GENERIC_READ
}

// openNamed opens or makes the file with the name. Backup semantics let it open directories.
func openNamed(name string, flags OpenFlags, permissions, attributes uint32) (int, error) {
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return -1, err
	}
	mode := uint32(windows.OPEN_EXISTING)
	if flags&Create != 0 {
		mode = windows.OPEN_ALWAYS
		if flags&Exclusive != 0 {
			mode = windows.CREATE_NEW
		}
		if permissions&0o200 == 0 {
			attributes |= windows.FILE_ATTRIBUTE_READONLY
		}
	}
	attributes |= windows.FILE_FLAG_BACKUP_SEMANTICS
	if flags&NoFollow != 0 {
		attributes |= windows.FILE_FLAG_OPEN_REPARSE_POINT
	}
	access := accessFor(flags)
	if attributes&windows.FILE_ATTRIBUTE_TEMPORARY != 0 {
		access |= windows.DELETE // sysLink renames the file
	}
	h, err := windows.CreateFile(path, access, shareAll, nil, mode, attributes, 0)
	if err != nil {
		return -1, err
	}
	if flags&NoFollow != 0 && isLink(h) {
		_ = windows.CloseHandle(h)
		return -1, syscall.ELOOP
	}
	return int(h), nil
}

// isLink reports whether the file is a symbolic link, or something else that leads elsewhere.
func isLink(h windows.Handle) bool {
	var info windows.ByHandleFileInformation
	return windows.GetFileInformationByHandle(h, &info) != nil || info.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0
}

// openTemporary makes a file in a directory, with a name that nobody else has.
func openTemporary(dir string, permissions, attributes uint32) (int, string, error) {
	for {
		name := temporaryName(dir)
		fd, err := openNamed(name, ForWriting|Create|Exclusive, permissions, attributes|windows.FILE_ATTRIBUTE_TEMPORARY)
		if !errors.Is(err, windows.ERROR_FILE_EXISTS) {
			return fd, name, err
		}
	}
}

func sysOpen(name string, flags OpenFlags, permissions uint32) (int, error) {
	if flags&Unnamed == 0 {
		return openNamed(name, flags, permissions, 0)
	}
	fd, temporary, err := openTemporary(name, permissions, 0)
	if err == nil {
		keepTemporary(fd, temporary)
	}
	return fd, err
}

// sysMemfd makes a file that is removed when its last handle is closed.
func sysMemfd(string) (int, error) {
	fd, _, err := openTemporary(os.TempDir(), 0o600, windows.FILE_FLAG_DELETE_ON_CLOSE)
	return fd, err
}

// reOpenFile opens the file of a handle once more.
var reOpenFile = windows.NewLazySystemDLL("kernel32.dll").NewProc("ReOpenFile")

func sysReopen(fd int, flags OpenFlags) (int, error) {
	if err := reOpenFile.Find(); err != nil {
		return -1, errors.Join(Need(Reopening), err)
	}
	h, _, err := reOpenFile.Call(uintptr(fd), uintptr(accessFor(flags)), shareAll, windows.FILE_FLAG_BACKUP_SEMANTICS)
	if windows.Handle(h) == windows.InvalidHandle {
		return -1, err
	}
	return int(h), nil
}

func sysDup(fd int) (int, error) {
	self, to := windows.CurrentProcess(), windows.InvalidHandle
	err := windows.DuplicateHandle(self, windows.Handle(fd), self, &to, 0, false, windows.DUPLICATE_SAME_ACCESS)
	return int(to), err
}

func sysClose(fd int) error {
	temporary := takeTemporary(fd)
	err := windows.CloseHandle(windows.Handle(fd))
	if temporary != "" {
		_ = sysUnlink(temporary)
	}
	return err
}

// sysStat describes a file. Windows has no bits of permissions and no numbers of users: a list
// of the file or of its directory says who may open it. A file seems to belong to the user that
// os.Geteuid returns, and to admit nobody else.
func sysStat(fd int) (FileInfo, error) {
	var st windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(fd), &st); err != nil {
		return FileInfo{}, err
	}
	kind, err := windows.GetFileType(windows.Handle(fd))
	permissions := uint32(0o600)
	if st.FileAttributes&windows.FILE_ATTRIBUTE_READONLY != 0 {
		permissions = 0o400
	}
	links := st.NumberOfLinks
	if isRemoved(windows.Handle(fd)) {
		links = 0
	}
	return FileInfo{
		Size:        int64(st.FileSizeHigh)<<32 | int64(st.FileSizeLow),
		Regular:     kind == windows.FILE_TYPE_DISK && st.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY == 0,
		Permissions: permissions, Owner: math.MaxUint32, Device: uint64(st.VolumeSerialNumber),
		Inode: uint64(st.FileIndexHigh)<<32 | uint64(st.FileIndexLow), Links: uint64(links),
	}, err
}

// sysTruncate cannot cut off what a mapping shows.
func sysTruncate(fd int, size int64) error {
	err := windows.Ftruncate(windows.Handle(fd), size)
	if errors.Is(err, windows.ERROR_USER_MAPPED_FILE) {
		err = errors.Join(Need(FilesAhead), err)
	}
	return err
}

// sysAllocate makes the file longer if it ends before the end of the range. The system takes the
// space of a file that is not sparse when its end is set.
func sysAllocate(fd int, offset, size int64) error {
	info, err := sysStat(fd)
	if err != nil || info.Size >= offset+size {
		return err
	}
	return sysTruncate(fd, offset+size)
}

// sysPreallocate takes space beyond the end of the file. The system gives back what is still
// beyond the end when the last handle is closed. Less space than the file has would cut it off.
func sysPreallocate(fd int, offset, size int64) error {
	end := offset + size
	info, err := sysStat(fd)
	if err != nil || info.Size >= end {
		return err
	}
	return windows.SetFileInformationByHandle(windows.Handle(fd), windows.FileAllocationInfo, (*byte)(unsafe.Pointer(&end)), uint32(unsafe.Sizeof(end)))
}

// isRemoved reports whether the name of an open file was removed. The system then keeps the
// name until the last handle is closed, or at least the number of names.
func isRemoved(h windows.Handle) bool {
	var info struct { // FILE_STANDARD_INFO
		Allocation, End      int64
		Links                uint32
		Removed, IsDirectory bool
	}
	err := windows.GetFileInformationByHandleEx(h, windows.FileStandardInfo, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	return err == nil && info.Removed
}
