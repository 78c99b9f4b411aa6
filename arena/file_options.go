// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"io/fs"
	"math/bits"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// An OpenMode tells Open and OpenShared to open an existing arena, to make a new one, or
// either.
type OpenMode = mmap.OpenMode

// The modes of Open and OpenShared.
const (
	// OpenOrCreate opens an existing arena, or makes a new one if there is none. It is the
	// default.
	OpenOrCreate = mmap.OpenOrCreate
	// MustCreate makes a new arena. If one exists, it fails with fs.ErrExist; for Open a
	// file of 0 bytes counts as one.
	MustCreate = mmap.MustCreate
	// MustExist opens an existing arena. If there is none, Open fails with fs.ErrNotExist.
	// If the file has 0 bytes, Open fails with ErrTruncated.
	MustExist = mmap.MustExist
)

// FileOptions configure Open. Every field may be zero.
type FileOptions struct {
	// Open chooses whether the file must exist. Default: OpenOrCreate. With ReadOnly the
	// file must exist in any case.
	Open OpenMode

	// Capacity is the largest number of bytes of data in a new file; it never changes.
	// Default: 16 GiB; 256 MiB on 32-bit systems. A File uses that much address space, and
	// the file has a hole of a thousandth of it.
	//
	// An existing file keeps its capacity. A smaller Capacity makes this File map less of
	// it. A larger Capacity has no effect.
	Capacity int64

	// ReadOnly opens an existing file for reading. Default: for reading and writing.
	// Several Files may have the same file open for reading at once. The program faults if
	// it writes to the memory.
	ReadOnly bool

	// Permissions are the permissions of a new file; the kernel removes the bits of the
	// umask. Default: 0600.
	Permissions fs.FileMode

	// Verify makes Open check the checksums of all data, as File.Verify does. Default: only
	// the header is checked, and Open takes the same time for every size.
	Verify bool

	// NoStore lets the kernel decide when to write to the disk. Default: Sync waits for the
	// disk. With NoStore a commit survives the death of the process, but not of the system.
	NoStore bool
}

const defaultCapacity = 256 << 20 << (6 * (bits.UintSize / 64))

// check returns an error if an option is not valid.
func (o *FileOptions) check() error {
	switch {
	case o.Capacity < 0 || uint64(o.Capacity) > maxCapacity || !fits(o.capacity()):
		return fmt.Errorf("%w: FileOptions.Capacity is %d bytes: use a smaller number, not below 0", alloc.ErrInvalidSize, o.Capacity)
	case o.Open > MustExist:
		return fmt.Errorf("%w: FileOptions.Open is %d: use OpenOrCreate, MustCreate or MustExist", fs.ErrInvalid, o.Open)
	case o.Open == MustCreate && o.ReadOnly:
		return fmt.Errorf("%w: FileOptions.Open is MustCreate and ReadOnly is set: set only one of them", fs.ErrInvalid)
	case o.Permissions&^fs.ModePerm != 0:
		return fmt.Errorf("%w: FileOptions.Permissions is %v: set permission bits only", fs.ErrInvalid, o.Permissions)
	}
	return nil
}

// capacity returns the capacity of a new file, in bytes of data.
func (o *FileOptions) capacity() uint64 {
	if o.Capacity == 0 {
		return defaultCapacity
	}
	return pageUp(uint64(o.Capacity))
}

// pageUp rounds n bytes up to a multiple of dataAlign.
func pageUp(n uint64) uint64 { return (n + dataAlign - 1) &^ (dataAlign - 1) }
