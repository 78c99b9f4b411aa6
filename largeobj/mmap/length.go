// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// The length of a file that is mapped is shared with whoever else has the file open.
// So a region never sets a length that it remembers: it asks for the length that the
// file has, and changes it, under a lock that all regions of the file take.
// What a call adds it adds without a moment at which the file is shorter, and it takes
// away only what ends where it believes it does. Programs that write to the file
// without a region do not take the lock; they too keep what they append.

// alone runs f while no other region changes the length of the file. Of a file that
// this region does not write, the length is not its business.
func (r *Region) alone(f func() error) error {
	if r.mode != FileShared {
		return f()
	}
	switch err := space.LockLength(r.file); {
	case errors.Is(err, vm.ErrKernelLacks): // what follows is right except beside others
		return f()
	case err != nil:
		return err
	}
	err := f()
	_ = space.UnlockLength(r.file) // of a file that is open the kernel always takes it
	return err
}

// A growth is what a call added to a file: its length before and after, in bytes.
type growth struct{ from, to int64 }

// lengthen makes the file size bytes long at least. On failure it is as it was.
// Call it under the lock of the length.
func (r *Region) lengthen(size int64) (growth, error) {
	info, err := space.Stat(r.file)
	if err != nil || info.Size >= size {
		return growth{}, err
	}
	g := growth{info.Size, size}
	err = vm.ErrKernelLacks
	if !r.sparse {
		err = r.claimSpace(g)
	}
	if errors.Is(err, vm.ErrKernelLacks) { // so can the file system
		err = space.Truncate(r.file, size)
	}
	if err != nil {
		return growth{}, err
	}
	return g, nil
}

// claimSpace takes the space for what is added before it changes the length, and makes
// the file longer by a call that cannot make it shorter.
func (r *Region) claimSpace(g growth) error {
	err := space.Preallocate(r.file, g.from, g.to-g.from)
	if err == nil {
		err = space.Allocate(r.file, g.to-1, 1)
	}
	if err == nil || errors.Is(err, vm.ErrKernelLacks) {
		return err
	}
	// Space beyond the end may have been taken. To make the file as long as it is gives
	// that back.
	info, statErr := space.Stat(r.file)
	if statErr == nil {
		statErr = space.Truncate(r.file, info.Size)
	}
	return errors.Join(err, statErr)
}

// shorten takes away what a call that failed later had added, unless somebody made the
// file longer meanwhile. Call it under the lock of the length.
func (r *Region) shorten(g growth) error {
	if g.to == g.from {
		return nil
	}
	info, err := space.Stat(r.file)
	if err != nil || info.Size != g.to {
		return err
	}
	return space.Truncate(r.file, g.from)
}
