// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// Other programs can change the length of a mapped file. So a region never sets a length that
// it remembers: it asks for the length of the file and changes it, under a lock that all
// regions of the file acquire. A call that adds bytes never makes the file shorter, not even
// for a moment. A call removes bytes only if the file still ends where the call expects its
// end. Programs that write to the file without a region do not acquire the lock; the bytes
// that they append stay, too.

// alone runs f while no other region changes the length of the file. A region that does not
// write the file never changes the length, and needs no lock.
func (r *Region) alone(f func() error) error {
	if r.mode != FileShared {
		return f()
	}
	switch err := space.LockLength(r.file); {
	case errors.Is(err, vm.ErrKernelLacks): // without a lock, f is correct if no other region changes the length
		return f()
	case err != nil:
		return err
	}
	err := f()
	_ = space.UnlockLength(r.file) // the kernel never refuses that for an open file
	return err
}

// A growth says how much a call has added to a file: the lengths before and after, in bytes.
type growth struct{ from, to int64 }

// lengthen makes the file at least size bytes long. On failure the file is unchanged. The
// caller holds the lock of the length.
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

// claimSpace takes the space for the added bytes, and then changes the length by a call that
// cannot make the file shorter.
func (r *Region) claimSpace(g growth) error {
	err := space.Preallocate(r.file, g.from, g.to-g.from)
	if err == nil {
		err = space.Allocate(r.file, g.to-1, 1)
	}
	if err == nil || errors.Is(err, vm.ErrKernelLacks) {
		return err
	}
	// The call may have taken space beyond the end of the file. Setting the length that
	// the file has gives that space back.
	info, statErr := space.Stat(r.file)
	if statErr == nil {
		statErr = space.Truncate(r.file, info.Size)
	}
	return errors.Join(err, statErr)
}

// shorten removes the bytes that a call added before it failed, unless another program has
// made the file longer meanwhile. The caller holds the lock of the length.
func (r *Region) shorten(g growth) error {
	if g.to == g.from {
		return nil
	}
	info, err := space.Stat(r.file)
	if err != nil || info.Size != g.to {
		return err
	}
	err = space.Truncate(r.file, g.from)
	if !errors.Is(err, vm.ErrUnsupported) {
		return err
	}
	// The file is mapped and cannot be cut off. An object may be longer than its header says.
	if r.kind == Shared || r.frame.body.Size == 0 {
		return nil
	}
	return r.cutUnmapped(r.length, g.from)
}
