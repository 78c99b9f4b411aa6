// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// The length of the file is set by truncate alone: writes stay below it, by a page at
// least where they follow each other. So a file that is shorter than f.length was cut by
// somebody else. The kernel then has dropped data, and uncommitted pages of memory:
// nothing may make the file long again, since it would pass for whole, with zeros. What
// is left is the moment between the question and a call.

// whole asks how long the file is. The error wraps ErrTruncated if somebody has cut it;
// then there are no more commits.
func (f *File) whole() error {
	info, err := fileSpace.Stat(f.file)
	if err != nil {
		return err
	}
	if info.Size < f.length {
		f.broken = fmt.Errorf("%w: somebody made it %d bytes long, it had %d", ErrTruncated, info.Size, f.length)
		return f.broken
	}
	return nil
}

// extend makes the file long enough for so many bytes of data to be accessible, and
// for twice as many if it is not.
func (f *File) extend(used uint64) error {
	const least = 1 << 20
	if f.length >= f.last.dataAt()+int64(pagesOf(used)*filePage) {
		return nil
	}
	size := min(max(2*used, least), max(f.capacity, used))
	return f.setLength(f.last.dataAt() + int64(pagesOf(size)*filePage))
}

// setLength makes the file length bytes long if it is shorter.
func (f *File) setLength(length int64) error {
	if f.length >= length {
		return nil
	}
	if err := f.whole(); err != nil {
		return err
	}
	return f.truncate(length)
}

// back takes the space for so many bytes of data where files are RAM: there even a read
// of a page that was never written takes space, and is SIGBUS if there is none.
func (f *File) back(used uint64) error {
	from, to := pagesOf(f.count), pagesOf(used)
	if !f.inMemory || from >= to {
		return nil
	}
	err := fileSpace.Allocate(f.file, f.last.place(from), int64((to-from)*filePage))
	if errors.Is(err, vm.ErrKernelLacks) {
		return nil
	}
	return err
}

// cutTail cuts off what lies beyond the data: the journal, and what a commit that did
// not happen has written. Then it makes the file long again, by zeros.
func (f *File) cutTail() error {
	if err := f.whole(); err != nil {
		return err
	}
	end := f.last.dataAt() + int64(max(pagesOf(f.count), f.last.pages())*filePage)
	if err := f.truncate(end); err != nil {
		return err
	}
	return f.extend(max(f.count, dataFloor))
}
