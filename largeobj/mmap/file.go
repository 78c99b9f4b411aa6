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
	// FileShared makes a write reach the file and everyone who maps or reads it.
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

	// Length is the length of the region in bytes. A file that ends before the region
	// becomes longer with FileShared, and is ErrTruncated otherwise: but see Beyond.
	// 0 means to the end of the file.
	Length int

	// Beyond leaves the file as long as it is if it ends before the region. An access
	// beyond the end of the file is a fault until the file has grown that far; then the
	// region shows the new bytes, without Resize. It needs a Length. Default: see Length.
	Beyond bool

	// Create makes the file if it does not exist. It needs FileShared. Default: a file
	// that does not exist is fs.ErrNotExist.
	Create bool

	// Permissions are those of a file that Create makes, less the umask. 0 means 0600.
	Permissions fs.FileMode

	// Sparse takes no disk space when the file becomes longer, but when it is written.
	// Then a full disk is a fault. It needs FileShared. Default: the file takes the
	// space as it becomes longer, and a full disk is ErrNoSpace.
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

// MapFile maps the file at path, or a window of it. The bytes of the region are those of
// the file. A region of an empty file has no bytes and no mapping.
//
// If another program makes the file shorter, an access beyond its end is a fault: read the
// region inside Catch.
//
// A file that MapFile makes has its directory entry on the disk when MapFile returns. If
// MapFile fails, it removes a file that it made, and gives one that it made longer its
// old length. What other programs have appended meanwhile stays.
func MapFile(path string, o FileOptions) (*Region, error) {
	r := newFileRegion(path, &o)
	return r.open("MapFile", o.Length, 0, func() error {
		if err := o.check(); err != nil {
			return err
		}
		return r.mapPath(path, &o)
	})
}

// MapOpenFile does what MapFile does, with the file that f has open. f stays the caller's
// and may be closed. The region opens the file again, by /proc, so the process must still
// be allowed to open it as Mode needs.
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
