// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// sysLink gives the file its name, unless the name exists: it renames the file. The handle may
// do that, and so nobody can open the file who does not let others remove it: package os for
// one. Therefore another handle takes its place.
func sysLink(fd int, name string) (int, error) {
	if err := rename(windows.Handle(fd), name); err != nil {
		return fd, err
	}
	takeTemporary(fd)
	other, err := sysReopen(fd, ForWriting)
	if err != nil {
		return fd, nil
	}
	_ = windows.CloseHandle(windows.Handle(fd))
	return other, nil
}

// rename gives an open file another name, which must not exist.
func rename(h windows.Handle, name string) error {
	text, err := windows.UTF16FromString(name)
	if err != nil {
		return err
	}
	var info struct { // FILE_RENAME_INFO
		Replace uint32
		Root    windows.Handle
		Length  uint32 // bytes
		Name    [1 << 10]uint16
	}
	if len(text) > len(info.Name) {
		return windows.ERROR_FILENAME_EXCED_RANGE
	}
	info.Length = uint32(2 * (len(text) - 1))
	copy(info.Name[:], text)
	return windows.SetFileInformationByHandle(h, windows.FileRenameInfo, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
}

// sysUnlink removes a name at once, also if the file is open or mapped. Systems that keep the
// name until the last handle is closed keep another one.
func sysUnlink(name string) error {
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	if removeNow(path) == nil {
		return nil
	}
	aside, err := windows.UTF16PtrFromString(temporaryName(filepath.Dir(name)))
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(path, aside, 0); err != nil {
		return err
	}
	if err := windows.DeleteFile(aside); err != nil {
		_ = windows.MoveFileEx(aside, path, 0)
		return err
	}
	return nil
}

// The flags of FILE_DISPOSITION_INFO_EX, which Windows 10 1809 has: removeNow is as on POSIX.
const (
	disposeDelete         = 0x1
	disposePOSIX          = 0x2
	disposeIgnoreReadOnly = 0x10
)

// removeNow removes a name, and leaves the file to those who have it open.
func removeNow(path *uint16) error {
	h, err := windows.CreateFile(path, windows.DELETE, shareAll, nil, windows.OPEN_EXISTING,
		windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	flags := uint32(disposeDelete | disposePOSIX | disposeIgnoreReadOnly)
	return windows.SetFileInformationByHandle(h, windows.FileDispositionInfoEx, (*byte)(unsafe.Pointer(&flags)), uint32(unsafe.Sizeof(flags)))
}
