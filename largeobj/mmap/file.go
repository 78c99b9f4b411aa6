// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// MapFile maps a file or a window of it. The file's bytes are the region's: there
// is no header. A region of an empty file has no bytes and no mapping.
//
// A file that MapFile makes has its directory entry on the disk when MapFile returns.
// If MapFile fails, a file that it made is removed, and one that it made longer is as
// long as it was: what other programs have added to it meanwhile stays.
//
// Where another process makes the file shorter, an access beyond its end faults:
// see Catch.
func MapFile(path string, o FileOptions) (*Region, error) {
	r := newRegion(FileData, path, o.Options)
	r.mode, r.sparse = o.Mode, o.Sparse
	r.charged = o.Mode == FileCopyOnWrite
	return r.open("MapFile", o.Length, 0, func() error { return r.mapFile(path, &o) })
}

func (r *Region) mapFile(path string, o *FileOptions) error {
	switch {
	case o.Mode > FileCopyOnWrite:
		return invalid("mode %d", o.Mode)
	case o.Create && o.Mode != FileShared:
		return invalid("a file can only be made with FileShared, and not %v", o.Mode)
	case o.Offset < 0:
		return invalid("offset %d", o.Offset)
	}
	var removed vm.FileInfo
	for range attempts {
		made, err := r.openFile(path, o)
		if err != nil {
			return err
		}
		again := false
		err = r.alone(func() error {
			info, err := space.Stat(r.file)
			if again = err == nil && wasRemoved(info) && !sameFile(info, removed); again {
				removed = info
				return nil
			}
			return r.mapOpen(path, o, made, info, err)
		})
		if err == nil && !again {
			return nil
		}
		err = errors.Join(err, space.CloseFile(r.file))
		r.file = nil
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: %w: others make and remove it", path, fs.ErrNotExist)
}

// wasRemoved reports whether a file has no name. Whoever made it may have removed it
// again because something failed. A file that had no name to begin with is the same
// one when it is opened again.
func wasRemoved(f vm.FileInfo) bool { return f.Regular && f.Links == 0 }

// sameFile reports whether a and b describe the same file.
func sameFile(a, b vm.FileInfo) bool { return a.Device == b.Device && a.Inode == b.Inode }

// openFile opens the file, or makes it if it may. Of two that make it at once one
// does, and the other opens it.
func (r *Region) openFile(path string, o *FileOptions) (made bool, err error) {
	var flags vm.OpenFlags
	if o.Mode == FileShared {
		flags = vm.ForWriting
	}
	for range attempts {
		r.file, err = space.Open(path, flags, 0)
		if !o.Create || !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		r.file, err = space.Open(path, flags|vm.Create|vm.Exclusive, permissions(o.Permissions))
		if !errors.Is(err, fs.ErrExist) {
			return err == nil, err
		}
	}
	return false, err
}

// mapOpen makes the open file as long as the window, maps it, and stores its name if
// it was made. On failure the file is as it was. info is what is known of the file,
// unless there was an error.
func (r *Region) mapOpen(path string, o *FileOptions, made bool, info vm.FileInfo, err error) error {
	g := growth{}
	if err == nil {
		g, err = r.fit(o, info)
	}
	if err == nil {
		err = r.showFile(o)
	}
	if err == nil {
		err = r.finish()
	}
	if err == nil && made {
		err = space.StoreName(path)
	}
	if err != nil {
		err = errors.Join(err, r.unmap(), r.shorten(g))
		if made {
			err = errors.Join(err, r.unmake(path))
		}
	}
	return err
}

// fit makes the file at least as long as the window, and returns by how much it grew.
// It sets the region's length.
func (r *Region) fit(o *FileOptions, info vm.FileInfo) (growth, error) {
	if !info.Regular {
		return growth{}, invalid("it is no regular file")
	}
	length := int64(o.Length)
	if length == 0 {
		length = info.Size - o.Offset
	}
	end := o.Offset + length
	switch {
	case o.Offset > info.Size && o.Length == 0 || end < o.Offset:
		return growth{}, invalid("offset %d in a file of %d bytes", o.Offset, info.Size)
	case uint64(length) >= maxLength:
		return growth{}, fmt.Errorf("%w: %d bytes are more than an address space", ErrOutOfMemory, length)
	case end > info.Size && o.Mode != FileShared:
		return growth{}, fmt.Errorf("%w: at %d, wanted are the bytes to %d", ErrTruncated, info.Size, end)
	}
	g, err := r.lengthen(end)
	r.length = uintptr(length)
	return g, err
}

// showFile maps the window.
func (r *Region) showFile(o *FileOptions) error {
	n := r.length
	r.length = 0
	r.lead = uintptr(o.Offset % int64(r.page))
	r.offset = o.Offset - int64(r.lead)
	if n == 0 {
		return nil
	}
	return r.show(r.fileView(), n)
}

// fileView returns the mapping that shows the file.
func (r *Region) fileView() vm.Kind {
	k := vm.Kind{File: r.file, Offset: r.offset, Shared: r.mode != FileCopyOnWrite, Populate: r.populate()}
	if r.mode == FileReadOnly {
		k.Access = vm.ReadOnly
	}
	return k
}

// unmake removes the file that this call made, if it still has that name and nobody
// has made it longer meanwhile: then it is theirs, too.
func (r *Region) unmake(path string) error {
	info, err := space.Stat(r.file)
	if err != nil || info.Size > 0 {
		return err
	}
	return removeIfSame(path, info)
}
