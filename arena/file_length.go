// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// Only truncate sets the length of the file. All writes stay below that length, by at least
// one page where one write follows another. So if the file is shorter than f.length, another
// program has cut it.
//
// After a cut the kernel has dropped data, and also pages of memory that were not committed.
// Then nothing may make the file longer again: it would look complete, with zeros instead of
// data. A cut between the check in whole and the next call is not noticed.

// whole checks that the file still has its length. The error wraps ErrTruncated if another
// program has shortened the file; the File makes no more commits then.
func (f *File) whole() error {
	_, err := f.realLength()
	return err
}

// realLength returns the length of the file, after the check of whole.
func (f *File) realLength() (int64, error) {
	info, err := fileSpace.Stat(f.file)
	if err != nil {
		return 0, err
	}
	if info.Size < f.length {
		f.broken = fmt.Errorf("%w: another program made it %d bytes long, from %d", ErrTruncated, info.Size, f.length)
		return 0, f.broken
	}
	return info.Size, nil
}

// extend makes the file long enough for used bytes of data. If the file is too short,
// extend makes room for twice as many.
func (f *File) extend(used uint64) error {
	const minSize = 1 << 20
	if f.length >= f.last.dataAt()+int64(pagesOf(used)*filePage) {
		return nil
	}
	size := min(max(2*used, minSize), max(f.capacity, used))
	return f.setLength(f.last.dataAt() + int64(pagesOf(size)*filePage))
}

// setLength makes the file length bytes long if it is shorter. First it cuts off what another
// program has appended, because new memory is zero.
func (f *File) setLength(length int64) error {
	if f.length >= length {
		return nil
	}
	now, err := f.realLength()
	if err == nil && now > f.length {
		err = f.truncate(f.length)
	}
	if err != nil {
		return err
	}
	return f.truncate(length)
}

// back takes disk space for pages of the data if the file system keeps files in RAM. There
// even reading a page that was never written takes space, and causes SIGBUS if there is
// none.
func (f *File) back(from, to uint64) error {
	if !f.inMemory || from >= to {
		return nil
	}
	err := fileSpace.Allocate(f.file, f.last.place(from), int64((to-from)*filePage))
	if errors.Is(err, vm.ErrKernelLacks) {
		return nil
	}
	return err
}

// cutTail cuts off the bytes beyond the data: the journal, and pages of a commit that
// failed. Then it makes the file longer again, with zeros.
func (f *File) cutTail() error {
	if err := f.whole(); err != nil {
		return err
	}
	end := f.last.dataAt() + int64(max(pagesOf(f.count), f.last.pages())*filePage)
	if err := f.truncate(end); err != nil {
		return err
	}
	f.clearBeyond(uint64(end - f.last.dataAt()))
	return f.extend(max(f.count, dataFloor))
}
