// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Close gives the region's memory back. Slices that Bytes returned must not be used any
// more. Close wipes secret memory first. Further calls of Close do nothing.
//
// Close waits for calls of Catch to end, and must not be called inside one. Other calls that
// come meanwhile return ErrClosed.
//
// Close does not lose changes to a file, and does not store them on the disk either: see
// Sync.
//
// The error reports a header that was overwritten (ErrDamaged) or cut off (ErrTruncated),
// also by another process, or what the kernel refused. Address space that the kernel
// refuses to take back is offered again when another region is made, resized or closed;
// until then Sum counts it. The region is closed in spite of an error, unless secret memory
// could not be wiped: then Close can be repeated.
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

// private reports whether no other process and no file has the memory.
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

// removeName removes the name of a shared object, if it is still the object's.
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

// removeIfSame removes the file at path, if it is still this file.
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
