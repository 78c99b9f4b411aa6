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
// Where another process makes the file shorter, an access beyond its end faults:
// see View.
func MapFile(path string, o FileOptions) (*Region, error) {
	r := newRegion(FileData, path, o.RegionOptions)
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
	made, err := r.openFile(path, o)
	if err != nil {
		return err
	}
	before, err := r.fit(o)
	if err == nil {
		err = r.showFile(o)
	}
	if err != nil {
		return errors.Join(err, r.undo(path, made, before))
	}
	return nil
}

// openFile opens the file, or makes it if it may. Of two that make it at once one
// does, and the other opens it.
func (r *Region) openFile(path string, o *FileOptions) (made bool, err error) {
	var flags vm.OpenFlags
	if o.Mode == FileShared {
		flags = vm.ForWriting
	}
	r.file, err = space.Open(path, flags, 0)
	if err == nil || !o.Create || !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	r.file, err = space.Open(path, flags|vm.Create|vm.Exclusive, permissions(o.Permissions))
	if errors.Is(err, fs.ErrExist) {
		r.file, err = space.Open(path, flags, 0)
		return false, err
	}
	return err == nil, err
}

// fit sees to it that the file is as long as the window, and returns how long it
// was. It sets the region's length and its offset.
func (r *Region) fit(o *FileOptions) (before int64, err error) {
	info, err := space.Stat(r.file)
	if err != nil {
		return -1, err
	}
	if !info.Regular {
		return -1, invalid("it is no regular file")
	}
	length := int64(o.Length)
	if length == 0 {
		length = info.Size - o.Offset
	}
	end := o.Offset + length
	switch {
	case o.Offset > info.Size && o.Length == 0 || end < o.Offset:
		return -1, invalid("offset %d in a file of %d bytes", o.Offset, info.Size)
	case uint64(length) >= maxRegion:
		return -1, fmt.Errorf("%w: %d bytes are more than an address space", ErrOutOfMemory, length)
	case end > info.Size && o.Mode != FileShared:
		return -1, fmt.Errorf("%w: at %d, wanted are the bytes to %d", ErrTruncated, info.Size, end)
	case end > info.Size:
		err = r.extend(info.Size, end)
	}
	r.length = uintptr(length)
	return info.Size, err
}

// extend makes the file longer. On failure it is as it was.
func (r *Region) extend(from, to int64) error {
	err := vm.ErrKernelLacks
	if !r.sparse {
		err = space.Allocate(r.file, from, to-from)
	}
	if errors.Is(err, vm.ErrKernelLacks) { // so can the file system
		err = space.Truncate(r.file, to)
	}
	if err != nil {
		return errors.Join(err, space.Truncate(r.file, from)) // part of it may be there
	}
	return nil
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

// undo closes the file after a failure, and leaves it as it was before, unless
// that is not known.
func (r *Region) undo(path string, made bool, before int64) error {
	var errs []error
	switch {
	case made:
		errs = append(errs, space.Unlink(path))
	case before >= 0 && r.mode == FileShared:
		if info, err := space.Stat(r.file); err == nil && info.Size > before {
			errs = append(errs, space.Truncate(r.file, before))
		}
	}
	errs = append(errs, space.CloseFile(r.file))
	r.file = nil
	return errors.Join(errs...)
}
