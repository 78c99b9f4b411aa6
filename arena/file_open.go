// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Open opens the arena in the file at path, or makes it, as FileOptions.Open says. If a
// process died during a commit, Open first finishes or undoes the commit.
//
// The error is a *FileError. It wraps ErrForeign, ErrVersion, ErrDamaged, ErrTruncated,
// ErrUnfinished or ErrInUse if the file cannot be used. If Open fails, it removes a file
// that it has made.
//
// Open always checks the checksums of the header. It checks the data only with
// FileOptions.Verify; File.Verify checks them later.
func Open(path string, o FileOptions) (*File, error) {
	f := &File{path: path, options: o}
	f.seen.used = &f.count
	if err := f.open(); err != nil {
		return nil, f.fail("Open", errors.Join(err, f.release()))
	}
	f.removeDescriber = fault.Register(f.describe)
	return f, nil
}

func (f *File) open() error {
	if err := f.options.check(); err != nil {
		return err
	}
	made, err := f.openFile()
	if err == nil {
		err = f.begin()
	}
	if err != nil && made {
		err = errors.Join(err, f.remove())
	}
	if err == nil && f.options.Verify {
		err = f.verify()
	}
	return err
}

// openFile opens the file, or makes one of 0 bytes, and locks it. made reports whether it
// made the file. If the file loses its name before it is locked, another process made the
// file and failed. Then openFile tries again.
func (f *File) openFile() (made bool, err error) {
	for range 10 {
		if f.file, made, err = f.openOrMake(); err != nil {
			return false, err
		}
		if err := fileSpace.LockFile(f.file, !f.options.ReadOnly, false); err != nil {
			// Only a file that is locked may be removed. Otherwise another process may use it.
			f.locked = made && !errors.Is(err, ErrInUse) && fileSpace.LockFile(f.file, true, false) == nil
			return f.locked, err
		}
		f.locked = true
		info, err := fileSpace.Stat(f.file)
		f.identity = info
		switch {
		case err != nil:
			return made, err
		case !info.Regular:
			return false, fmt.Errorf("%w: it is not a regular file", ErrForeign)
		case info.Links > 0 || f.options.ReadOnly:
			f.length, f.inMemory = info.Size, info.InMemory
			return made, nil
		}
		if err := f.release(); err != nil {
			return false, err
		}
	}
	return false, ErrInUse
}

func (f *File) openOrMake() (file *vm.File, made bool, err error) {
	if f.options.ReadOnly {
		file, err = fileSpace.Open(f.path, 0, 0)
		return file, false, err
	}
	if f.options.Open != MustCreate {
		file, err = fileSpace.Open(f.path, vm.ForWriting, 0)
		if f.options.Open == MustExist || !errors.Is(err, fs.ErrNotExist) {
			return file, false, err
		}
	}
	permissions := uint32(f.options.Permissions.Perm())
	if permissions == 0 {
		permissions = 0o600
	}
	file, err = fileSpace.Open(f.path, vm.ForWriting|vm.Create|vm.Exclusive, permissions)
	if errors.Is(err, fs.ErrExist) && f.options.Open == OpenOrCreate { // another process has just made it
		file, err = fileSpace.Open(f.path, vm.ForWriting, 0)
		return file, false, err
	}
	return file, err == nil, err
}

// begin brings the open file into the state of the last commit and maps it. It maps a new
// file before it writes anything. So if the mapping fails, nothing is left behind.
func (f *File) begin() error {
	slots, valid, err := f.headers()
	anew := errors.Is(err, errIncomplete) && f.options.Open != MustExist && !f.options.ReadOnly
	if anew {
		if err := f.newHeader(); err != nil {
			return err
		}
		if err := f.mapData(); err != nil {
			return err
		}
		return f.create()
	}
	if err == nil {
		err = f.recover(slots, valid)
	}
	if err != nil {
		return err
	}
	return f.mapData()
}

// remove removes the name of a file that was just made, if the name still belongs to this
// file.
func (f *File) remove() error {
	named, err := fileSpace.Open(f.path, 0, 0)
	if err != nil {
		return nil // it has no name, or the directory cannot be read
	}
	mine := f.identity
	if f.file != nil {
		mine, err = fileSpace.Stat(f.file)
	}
	other, err2 := fileSpace.Stat(named)
	if err = errors.Join(err, err2); err == nil && mine.Device == other.Device && mine.Inode == other.Inode {
		err = fileSpace.Unlink(f.path)
	}
	return errors.Join(err, fileSpace.CloseFile(named))
}
