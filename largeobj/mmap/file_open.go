// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// mapPath opens or makes the file at path and maps it. If two calls make a file at the same
// time and one of them fails, that call removes the file, and the other call tries again.
func (r *Region) mapPath(path string, o *FileOptions) error {
	var removed vm.FileInfo
	for range attempts {
		made, err := r.openFile(path, o)
		if err != nil {
			return err
		}
		again, locked := false, false
		err = r.alone(func() error {
			locked = true
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
		if made && !locked {
			err = errors.Join(err, r.unmake(path))
		}
		err = errors.Join(err, space.CloseFile(r.file))
		r.file = nil
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: %w: other programs make and remove it again and again", path, fs.ErrNotExist)
}

// mapAlone maps the open file while no other region changes its length.
func (r *Region) mapAlone(o *FileOptions) error {
	return r.alone(func() error {
		info, err := space.Stat(r.file)
		return r.mapOpen("", o, false, info, err)
	})
}

// nameOf returns the name of f, which may be nil.
func nameOf(f *os.File) string {
	if f == nil {
		return ""
	}
	return f.Name()
}

// reopen opens the file of f again. A duplicate of f's descriptor would not suffice, because
// all duplicates share their locks, and other parts of the program, or other processes, may
// have duplicates of f.
func (r *Region) reopen(f *os.File) error {
	if f == nil || f.Fd() == ^uintptr(0) {
		return invalid("the os.File is nil or closed")
	}
	opened, err := space.Reopen(int(f.Fd()), f.Name(), r.openFlags())
	runtime.KeepAlive(f)
	r.file = opened
	return err
}

// openFlags returns how the file or object is opened.
func (r *Region) openFlags() vm.OpenFlags {
	if r.mode == FileShared {
		return vm.ForWriting
	}
	return 0
}

// wasRemoved reports whether a file has no name. Another call may have made the file, failed,
// and removed it. If a file never had a name, opening it again yields the same file.
func wasRemoved(f vm.FileInfo) bool { return f.Regular && f.Links == 0 }

// sameFile reports whether a and b describe the same file.
func sameFile(a, b vm.FileInfo) bool { return a.Device == b.Device && a.Inode == b.Inode }

// openFile opens the file, or makes it if the options say so. If two calls make a file at
// the same time, one succeeds, and the other opens it.
func (r *Region) openFile(path string, o *FileOptions) (made bool, err error) {
	flags := r.openFlags()
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

// mapOpen makes the open file as long as the window, maps it, and stores its directory
// entry if the file was made. On failure the file is as it was. info describes the file,
// unless err is set.
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

// fit sets the region's length. It makes the file at least as long as the window, and
// returns by how much the file grew.
func (r *Region) fit(o *FileOptions, info vm.FileInfo) (growth, error) {
	if !info.Regular {
		return growth{}, invalid("this is not a regular file")
	}
	length := int64(o.Length)
	if length == 0 {
		length = info.Size - o.Offset
	}
	end := o.Offset + length
	switch {
	case o.Offset > info.Size && o.Length == 0 || end < o.Offset:
		return growth{}, invalid("Offset of %d bytes in a file of %d", o.Offset, info.Size)
	case uint64(length) >= maxLength:
		return growth{}, fmt.Errorf("%w: %d bytes exceed the address space", ErrOutOfMemory, length)
	case end > info.Size && !r.beyond && o.Mode != FileShared:
		return growth{}, tooShort(info.Size, end)
	}
	r.length = uintptr(length)
	if r.beyond {
		return growth{}, nil
	}
	return r.lengthen(end)
}

// tooShort is ErrTruncated for a file of size bytes that should reach to end.
func tooShort(size, end int64) error {
	return fmt.Errorf("%w: the file has %d bytes, and the region would end at %d", ErrTruncated, size, end)
}

// showFile maps the window of the file.
func (r *Region) showFile(o *FileOptions) error {
	n := r.length
	r.length = 0
	r.lead = uintptr(o.Offset % int64(r.page))
	r.offset = o.Offset - int64(r.lead)
	if n == 0 {
		return nil
	}
	return r.mapBody(r.fileView(), n)
}

// view returns the kind of the region's mapping.
func (r *Region) view() vm.Kind {
	if r.file == nil {
		return vm.Kind{}
	}
	return r.fileView()
}

// fileView returns the mapping that shows the file.
func (r *Region) fileView() vm.Kind {
	k := vm.Kind{File: r.file, Offset: r.offset, Shared: r.mode != FileCopyOnWrite, Populate: r.populate()}
	if r.mode == FileReadOnly {
		k.Access = vm.ReadOnly
	}
	return k
}

// unmake removes the file that this call made, unless it has another name now or another
// program has made it longer: then that program uses it.
func (r *Region) unmake(path string) error {
	info, err := space.Stat(r.file)
	if err != nil || info.Size > 0 {
		return err
	}
	return removeIfSame(path, info)
}
