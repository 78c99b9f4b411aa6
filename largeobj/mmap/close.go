// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Close gives the region back. It waits for calls of Catch to end, must not be called
// inside one, and calls that come meanwhile fail with ErrClosed. Slices that Bytes
// returned must not be used any more. Secret memory is wiped first. Further calls do
// nothing.
//
// Changes to a file are not lost by it, but not stored either: see Sync. An error
// tells of a header that was overwritten (ErrDamaged) or cut off (ErrTruncated), be it
// by another process, or of what the kernel refused: address space that it does not
// take back is tried again when another region is made, resized or closed, and Sum
// counts it until then. The region is closed all the same, unless secret memory could
// not be wiped: then Close can be repeated.
func (r *Region) Close() error {
	remains.retry()
	if r.gate.acquireLast() != nil {
		return nil
	}
	if err := r.uncover(); err != nil {
		r.gate.release(false)
		return r.error("Close", 0, err)
	}
	defer r.gate.release(true)
	regions.drop(r)
	var damage error
	if r.kind != FileData && r.lead > 0 {
		damage = r.intact()
	}
	r.wipe()
	return r.error("Close", 0, errors.Join(damage, r.removeName(), r.dismantle()))
}

// private reports whether nobody else has the memory.
func (r *Region) private() bool { return r.kind == Anonymous || r.kind == Secret }

// uncover makes secret memory accessible, so that it can be wiped.
func (r *Region) uncover() error {
	if r.kind != Secret || !r.protected {
		return nil
	}
	return space.Protect(r.frame.body.Base, r.frame.body.Size, vm.ReadWrite)
}

// wipe overwrites secret memory.
func (r *Region) wipe() {
	if r.kind == Secret {
		raw.Clear(r.base(), r.length)
	}
}

// removeName removes the name of a shared object, if it is still its name.
func (r *Region) removeName() error {
	if r.unlink == "" {
		return nil
	}
	mine, err := space.Stat(r.file)
	if err != nil || mine.Links == 0 {
		return err
	}
	return removeIfSame(r.unlink, mine)
}

// removeIfSame removes the name of a file, if it is still that file's.
func removeIfSame(path string, file vm.FileInfo) error {
	f, err := space.Open(path, vm.NoFollow, 0)
	if err != nil {
		return err
	}
	named, err := space.Stat(f)
	if err == nil && sameFile(named, file) {
		err = space.Unlink(path)
	}
	return errors.Join(err, space.CloseFile(f))
}
