// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"io/fs"
	"os"
)

// FileMode says what a write to a mapped file does.
type FileMode uint8

const (
	// FileReadOnly makes a write a fault. The default.
	FileReadOnly FileMode = iota
	// FileShared makes a write change the file, for everyone who maps or reads it.
	FileShared
	// FileCopyOnWrite gives the region its own copy of each page that is written.
	FileCopyOnWrite
)

func (m FileMode) String() string {
	return [...]string{"read-only", "shared", "copy on write"}[m]
}

// FileOptions are the options of MapFile and MapOpenFile. The zero value is the default
// of each: a read-only region of the whole file.
type FileOptions struct {
	Options

	// Mode says what writes do. Default: FileReadOnly.
	Mode FileMode

	// Offset is the offset in the file at which the region begins, in bytes. It need
	// not be a multiple of the page size. Default: the beginning of the file.
	Offset int64

	// Length is the length of the region in bytes. 0 means to the end of the file. If the
	// file ends before the region, it becomes longer with FileShared; with other modes
	// the error is ErrTruncated. See also Beyond.
	Length int

	// Beyond allows the region to end beyond the end of the file, whose length stays.
	// Default: see Length. An access beyond the end of the file is a fault until the
	// file has grown that far. Then the region shows the new bytes, without Resize.
	// Beyond needs a Length.
	Beyond bool

	// Create makes the file if it does not exist. It needs FileShared. Default: a file
	// that does not exist is fs.ErrNotExist.
	Create bool

	// Permissions are the permissions of a file that Create makes, less the umask.
	// 0 means 0600.
	Permissions fs.FileMode

	// Sparse takes disk space for added bytes only when they are written. Default: the
	// file takes the space when it becomes longer, and a full disk is ErrNoSpace. With
	// Sparse, a write to a full disk is a fault. Sparse needs FileShared.
	Sparse bool
}

// check reports the first option that makes no sense.
func (o *FileOptions) check() error {
	switch {
	case o.Mode > FileCopyOnWrite:
		return invalid("Mode of %d", o.Mode)
	case o.Offset < 0:
		return invalid("Offset of %d bytes", o.Offset)
	case o.Beyond && o.Length == 0:
		return invalid("Beyond without Length")
	case o.Create && o.Mode != FileShared:
		return invalid("Create with Mode %v: it needs FileShared", o.Mode)
	case o.Permissions != 0 && !o.Create:
		return invalid("Permissions without Create")
	case o.Sparse && o.Mode != FileShared:
		return invalid("Sparse with Mode %v: it needs FileShared", o.Mode)
	}
	return checkPermissions(o.Permissions)
}

// MapFile maps the file at path, or a window of it. The bytes of the region are the bytes of
// the file. A region of an empty file has no bytes and no mapping.
//
// An access beyond the end of the file is a fault, if another program has made the file
// shorter. If that can happen, read the region inside Catch.
//
// If MapFile makes a file, its directory entry is on the disk when MapFile returns. If
// MapFile fails, it removes a file that it made, and restores the length of a file that it
// made longer. Bytes that other programs have appended meanwhile stay.
func MapFile(path string, o FileOptions) (*Region, error) {
	r := newFileRegion(path, &o)
	return r.open("MapFile", o.Length, 0, func() error {
		if err := o.check(); err != nil {
			return err
		}
		return r.mapPath(path, &o)
	})
}

// MapOpenFile does what MapFile does, with the file that f has open. The caller keeps f and
// may close it. The region opens the file again, by /proc, so the process must have the
// permissions that Mode needs.
func MapOpenFile(f *os.File, o FileOptions) (*Region, error) {
	r := newFileRegion(nameOf(f), &o)
	return r.open("MapOpenFile", o.Length, 0, func() error {
		if err := o.check(); err != nil {
			return err
		}
		if o.Create {
			return invalid("Create of a file that is open")
		}
		if err := r.reopen(f); err != nil {
			return err
		}
		return r.mapAlone(&o)
	})
}

func newFileRegion(name string, o *FileOptions) *Region {
	r := newRegion(FileData, name, o.Options)
	r.mode, r.sparse, r.beyond = o.Mode, o.Sparse, o.Beyond
	r.charged = o.Mode == FileCopyOnWrite
	return r
}
