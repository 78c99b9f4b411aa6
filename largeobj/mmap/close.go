// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Close gives the region's memory back. Close wipes secret memory first. Further calls of
// Close do nothing. An access to a slice that Bytes returned is a fault after Close, or
// reaches other memory.
//
// Close waits for calls of Catch to end. Called inside Catch, it never returns. Other calls
// of the region's methods return ErrClosed meanwhile.
//
// Changes to a file are not lost, but Close does not store them on the disk: see Sync.
//
// The error reports a header that was overwritten (ErrDamaged) or cut off (ErrTruncated),
// also by another process, or a call that the kernel refused. If the kernel refuses to take
// address space back, the package tries again when another region is made, resized or
// closed. Until then Sum counts it. After an error the region is closed, except if secret
// memory could not be wiped: then call Close again.
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
	unmapping := r.unmap() // first: Windows does not remove the name of a mapped file at once
	return r.error("Close", 0, errors.Join(damage, r.removeName(), unmapping, r.dismantle()))
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
