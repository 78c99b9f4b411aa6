// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
	"io/fs"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// A file that is mapped can lose a name only if it has another one: the system refuses to remove
// the last name, and may refuse to rename it. A second name is a hard link.

// sysLink gives the file its name, unless the name exists: it renames the file. The handle may
// do that, and so nobody can open the file who does not let others remove it: package os for
// one. Therefore another handle takes its place.
func sysLink(fd int, name string) (int, error) {
	temporary := takeTemporary(fd)
	if err := renameOpen(windows.Handle(fd), temporary, name); err != nil {
		keepTemporary(fd, temporary)
		return fd, err
	}
	other, err := sysReopen(fd, ForWriting)
	if err != nil {
		return fd, nil
	}
	_ = windows.CloseHandle(windows.Handle(fd))
	return other, nil
}

// renameOpen gives an open file the name to, which must not exist, instead of the name from.
func renameOpen(h windows.Handle, from, to string) error {
	err := rename(h, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if failed := renameByLink(from, to); failed != nil {
		return errors.Join(err, failed)
	}
	return nil
}

// rename gives an open file another name, which must not exist.
func rename(h windows.Handle, name string) error {
	text, err := windows.UTF16FromString(name)
	if err != nil {
		return err
	}
	type header struct { // FILE_RENAME_INFO, before the name
		Replace uint32
		Root    windows.Handle
		Length  uint32 // bytes
	}
	const begin = unsafe.Offsetof(header{}.Length) + 4
	info := make([]uint64, (begin+2*uintptr(len(text))+7)/8)
	first := unsafe.Pointer(&info[0])
	(*header)(first).Length = uint32(2 * (len(text) - 1))
	copy(unsafe.Slice((*uint16)(unsafe.Add(first, begin)), len(text)), text)
	return windows.SetFileInformationByHandle(h, windows.FileRenameInfo, (*byte)(first), uint32(8*len(info)))
}

// renameByLink gives a file the name to, which must not exist, and removes the name from.
func renameByLink(from, to string) error {
	old, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	if err := windows.CreateHardLink(name, old, 0); err != nil {
		return err
	}
	if removeNow(old) != nil {
		if err := windows.DeleteFile(old); err != nil {
			_ = windows.DeleteFile(name)
			return err
		}
	}
	return nil
}

// sysUnlink removes a name at once, also if the file is open or mapped. If the system keeps the
// name until the last handle is closed, or does not remove it at all, the file gets another name,
// which the system removes later.
func sysUnlink(name string) error {
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	if removeNow(path) == nil {
		return nil
	}
	aside := temporaryName(filepath.Dir(name))
	other, err := windows.UTF16PtrFromString(aside)
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(path, other, 0); err != nil {
		if errors.Is(err, fs.ErrNotExist) || renameByLink(name, aside) != nil {
			return err
		}
	}
	removeLater(other)
	return nil
}

// removeLater removes a name when the last handle of the file is closed. If the system refuses even
// that, the name stays: it is one that nobody uses.
func removeLater(path *uint16) {
	if windows.DeleteFile(path) == nil {
		return
	}
	if h, err := openName(path, windows.FILE_WRITE_ATTRIBUTES, 0); err == nil { // a read-only file is not removed
		var info struct { // FILE_BASIC_INFO
			Created, Accessed, Written, Changed int64 // 0: as they are
			Attributes                          uint32
		}
		info.Attributes = windows.FILE_ATTRIBUTE_NORMAL
		_ = windows.SetFileInformationByHandle(h, windows.FileBasicInfo, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
		_ = windows.CloseHandle(h)
	}
	if h, err := openName(path, windows.DELETE, windows.FILE_FLAG_DELETE_ON_CLOSE); err == nil {
		_ = windows.CloseHandle(h)
	}
}

// openName opens what the name itself stands for, also if that is a link.
func openName(path *uint16, access, flags uint32) (windows.Handle, error) {
	flags |= windows.FILE_FLAG_BACKUP_SEMANTICS | windows.FILE_FLAG_OPEN_REPARSE_POINT
	return windows.CreateFile(path, access, shareAll, nil, windows.OPEN_EXISTING, flags, 0)
}

// The flags of FILE_DISPOSITION_INFO_EX, which Windows 10 1809 has: removeNow is as on POSIX.
const (
	disposeDelete         = 0x1
	disposePOSIX          = 0x2
	disposeIgnoreReadOnly = 0x10
)

// removeNow removes a name, and leaves the file to those who have it open.
func removeNow(path *uint16) error {
	h, err := openName(path, windows.DELETE, 0)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	flags := uint32(disposeDelete | disposePOSIX | disposeIgnoreReadOnly)
	return windows.SetFileInformationByHandle(h, windows.FileDispositionInfoEx, (*byte)(unsafe.Pointer(&flags)), uint32(unsafe.Sizeof(flags)))
}
