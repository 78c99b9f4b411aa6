// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"io/fs"
	"math/bits"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// An OpenMode says whether Open and OpenShared take what exists, make it, or both.
type OpenMode = mmap.OpenMode

// The modes of Open and OpenShared.
const (
	// OpenOrCreate takes what exists, and makes it where there is none. The default.
	OpenOrCreate = mmap.OpenOrCreate
	// MustCreate makes it, and fails with fs.ErrExist where there is one: for Open, also
	// one of 0 bytes.
	MustCreate = mmap.MustCreate
	// MustExist takes what exists: Open fails with fs.ErrNotExist where there is none, and
	// with ErrTruncated where it has 0 bytes.
	MustExist = mmap.MustExist
)

// FileOptions are the settings of Open. The zero value is the default of each.
type FileOptions struct {
	// Open says whether the file must exist, must not exist, or either. Default:
	// OpenOrCreate. With ReadOnly the file must exist in any case.
	Open OpenMode

	// Capacity bounds the data of a file that is made, in bytes, for all its life. It
	// is address space, and a hole of a thousandth of it in the file. Default: 16 GiB,
	// on 32-bit systems 256 MiB. A file that exists has its own; a smaller Capacity
	// makes this File map less of it, a larger one changes nothing.
	Capacity int64

	// ReadOnly opens a file that exists, for reading; several may do that at once.
	// Writing to its memory faults.
	ReadOnly bool

	// Permissions are those of a file that is made, less the umask. Default: 0600.
	Permissions fs.FileMode

	// Verify checks the sums of all data before Open returns, as File.Verify does.
	// Without it Open takes the same time whatever the file holds.
	Verify bool

	// NoStore leaves it to the kernel when to write to the disk. A commit then
	// survives the death of the process, but not that of the system.
	NoStore bool
}

const defaultCapacity = 256 << 20 << (6 * (bits.UintSize / 64))

// check tells what is wrong with the options.
func (o *FileOptions) check() error {
	switch {
	case o.Capacity < 0 || uint64(o.Capacity) > maxCapacity || !fits(o.capacity()):
		return fmt.Errorf("%w: FileOptions.Capacity is %d bytes", alloc.ErrInvalidSize, o.Capacity)
	case o.Open > MustExist:
		return fmt.Errorf("%w: FileOptions.Open is %d, which is none", fs.ErrInvalid, o.Open)
	case o.Open == MustCreate && o.ReadOnly:
		return fmt.Errorf("%w: FileOptions.Open is MustCreate, and ReadOnly is set", fs.ErrInvalid)
	case o.Permissions&^fs.ModePerm != 0:
		return fmt.Errorf("%w: FileOptions.Permissions is %v, more than the permission bits", fs.ErrInvalid, o.Permissions)
	}
	return nil
}

// capacity returns the bytes of data of a file that is made.
func (o *FileOptions) capacity() uint64 {
	if o.Capacity == 0 {
		return defaultCapacity
	}
	return pageUp(uint64(o.Capacity))
}

// pageUp rounds bytes up to what mappings begin with.
func pageUp(n uint64) uint64 { return (n + dataAlign - 1) &^ (dataAlign - 1) }
