// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Resize makes the region n bytes long, n > 0. Bytes keep their values. Added bytes are zero,
// or the bytes of the file. An access to a slice that Bytes returned before is a fault after
// Resize, or reaches other memory, because the region may move. Resize copies explicit huge
// pages and secret memory; all other pages are moved.
//
// Resize waits for calls of Catch to end. Called inside Catch, it never returns. If calls of
// Catch overlap without end, Resize waits forever.
//
// A shared object gets the new length for all processes; other processes see it when they
// call Refresh. A file that is mapped with FileShared becomes longer as needed. It becomes
// shorter with the region if the region reached to the end of the file. With other modes,
// the error is ErrTruncated if the region would end beyond the end of the file. With
// FileOptions.Beyond the file keeps its length.
//
// Windows cannot cut off a file that is mapped. There the region is unmapped meanwhile, and the
// error is ErrUnsupported if other regions have mapped the file. If the system does not map the
// region again, the region has no bytes until Refresh. A shared object keeps its size there when
// its length becomes less.
//
// On failure the region and the file are unchanged. Bytes that others have appended to a file
// or object meanwhile stay. Regions of one file wait for each other while they change its
// length, in all processes, by a lock that is independent of flock.
func (r *Region) Resize(n int) error {
	if n < 1 || uintptr(n) >= maxLength {
		return r.error("Resize", n, invalid("a length of %d bytes", n))
	}
	return r.change("Resize", n, func() error {
		switch {
		case r.kind == Shared:
			return r.resizeShared(uintptr(n))
		case r.kind == FileData:
			return r.resizeFile(uintptr(n))
		case r.kind == Secret || r.huge == ExplicitPages:
			return r.replace(uintptr(n))
		}
		return r.resizePrivate(uintptr(n))
	})
}

// Refresh adopts the present length of the shared object or file. A region of a file then
// ends with the file. An access to a slice that Bytes returned before is a fault after
// Refresh, or reaches other memory. For private memory, and with FileOptions.Beyond, the error
// is ErrInvalid.
func (r *Region) Refresh() error {
	return r.change("Refresh", 0, func() error {
		switch {
		case r.kind == Shared:
			return r.locking(false, func(length uintptr, _ int64) error { return r.follow(length) })
		case r.kind == FileData && !r.beyond:
			info, err := space.Stat(r.file)
			if err != nil {
				return err
			}
			n := max(info.Size-r.offset-int64(r.lead), 0)
			if uint64(n) >= maxLength {
				return fmt.Errorf("%w: %d bytes exceed the address space", ErrOutOfMemory, n)
			}
			return r.follow(uintptr(n))
		}
		return invalid("the length of the region does not depend on others: use Resize")
	})
}

// follow makes the region n bytes long, which is the length of the object, or of the file
// from Offset on.
func (r *Region) follow(n uintptr) error {
	if n == 0 {
		_ = r.unmap() // what the kernel refuses is tried again later
		return nil
	}
	if err := r.stretch(n); err != nil {
		return err
	}
	r.length = n
	return nil
}

// change runs f while no other call uses the region.
func (r *Region) change(op string, n int, f func() error) error {
	remains.retry()
	if err := r.gate.acquire(); err != nil {
		return r.error(op, n, err)
	}
	defer r.gate.release(false)
	if r.protected {
		return r.error(op, n, invalid("its pages are protected: give them back the access that they had at first"))
	}
	err := f()
	regions.set(r)
	return r.error(op, n, err)
}

// stretch makes the mapping as long as n bytes need. The caller sets the length.
func (r *Region) stretch(n uintptr) error {
	old, size := r.frame.body.Size, r.sizeFor(n)
	switch {
	case size == old:
		return nil
	case old == 0: // a region of an empty file
		return r.showFirst(n)
	}
	if !vm.Able(vm.Moving) && size > old && r.partLocked && !r.locked {
		return ErrMixed // a copy would lose the locks
	}
	w, err := r.frame.resized(size, r.footing(), r.view())
	if err != nil {
		return err
	}
	if size > old {
		r.charge(size - old)
	} else {
		r.refund(old - size)
	}
	r.frame = w
	return r.keepLocks(old)
}

// keepLocks locks the pages again after a growth that may have copied them. On failure the
// region has old bytes of pages again, and no page is locked.
func (r *Region) keepLocks(old uintptr) error {
	m := r.frame.body
	if vm.Able(vm.Moving) || !r.locked || m.Size <= old {
		return nil
	}
	err := space.Lock(m.Base, m.Size, false)
	if err == nil || errors.Is(err, vm.ErrAbsent) { // as with mremap: pages that the file lacks are not locked
		return nil
	}
	_ = space.Unlock(m.Base, m.Size)
	r.locked, r.partLocked = false, false
	if w, failed := r.frame.resized(old, r.footing(), r.view()); failed == nil {
		r.frame = w
		r.refund(m.Size - old)
	}
	return err
}

// showFirst makes the mapping of a file that was empty.
func (r *Region) showFirst(n uintptr) error {
	if err := r.mapBody(r.fileView(), n); err != nil {
		return err
	}
	if err := r.finish(); err != nil {
		return errors.Join(err, r.unmap())
	}
	return nil
}

// clear zeroes the bytes that lie beyond length bytes and belong to the first n bytes now. They
// may have been in use before the region became shorter: those of the last page, and those that
// an object of size bytes had there.
func (r *Region) clear(length, n uintptr, size int64) {
	if end := min(n, max(r.sizeFor(length), uintptr(size))-r.lead); length < end {
		raw.Clear(r.base()+length, end-length)
	}
}

func (r *Region) resizePrivate(n uintptr) error {
	if err := r.intact(); err != nil {
		return err
	}
	if err := r.stretch(n); err != nil {
		return err
	}
	r.clear(r.length, n, 0)
	r.length = n
	r.writeHeader()
	return nil
}

// replace resizes memory that the kernel does not resize: it makes a new mapping of the
// same kind, copies, and gives the old one back.
func (r *Region) replace(n uintptr) error {
	if r.lead > 0 {
		if err := r.intact(); err != nil {
			return err
		}
	}
	fresh := newRegion(r.kind, r.name, r.options)
	fresh.huge = r.huge
	fresh.options.Lock = r.options.Lock || r.locked
	if err := fresh.mapPrivate(n); err != nil {
		return errors.Join(err, fresh.dismantle())
	}
	raw.Copy(fresh.base(), r.base(), min(fresh.length, r.length))
	r.wipe()
	_ = r.dismantle() // what the kernel refuses is tried again later
	r.page, r.lead, r.huge, r.secret = fresh.page, fresh.lead, fresh.huge, fresh.secret
	r.frame, r.length, r.seal = fresh.frame, fresh.length, fresh.seal
	r.locked, r.partLocked = fresh.locked, fresh.partLocked
	return nil
}

// locking runs f under the lock of the shared object, with the length that its header
// says and the size of the object.
func (r *Region) locking(exclusive bool, f func(length uintptr, size int64) error) error {
	if err := space.LockFile(r.file, exclusive, true); err != nil {
		return err
	}
	defer r.unlockFile()
	info, err := space.Stat(r.file)
	if err != nil {
		return err
	}
	if err := r.intact(); err != nil {
		return err
	}
	length, err := r.readHeader(uint64(info.Size))
	if err != nil {
		return err
	}
	return f(length, info.Size)
}

// resizeShared changes the object, the mapping and the header. Their order keeps the header
// correct if the process is killed at any step. Where an object that is mapped cannot become
// shorter, it keeps its size, and a later call clears what it adds to the length.
func (r *Region) resizeShared(n uintptr) error {
	if r.mode == FileReadOnly {
		return ErrReadOnly
	}
	return r.locking(true, func(length uintptr, before int64) error {
		after := int64(r.sizeFor(n))
		if need := int64(r.sizeFor(length)); need < before && vm.Able(vm.FilesAhead) { // an earlier call could not cut it off
			if err := space.Truncate(r.file, need); err != nil {
				return err
			}
			before = need
		}
		g, err := r.lengthen(after)
		if err != nil {
			return err
		}
		if err := r.stretch(n); err != nil {
			return errors.Join(err, r.shorten(g))
		}
		r.clear(length, n, before)
		r.length = n
		r.writeHeader()
		if after < before && vm.Able(vm.FilesAhead) {
			_ = space.Truncate(r.file, after) // the next call tries again
		}
		return nil
	})
}

func (r *Region) resizeFile(n uintptr) error {
	if r.beyond { // the region does not change the length of the file
		err := r.stretch(n)
		if err == nil {
			r.length = n
		}
		return err
	}
	return r.alone(func() error {
		info, err := space.Stat(r.file)
		if err != nil {
			return err
		}
		start := r.offset + int64(r.lead)
		before, end := start+int64(r.length), start+int64(n)
		switch {
		case r.mode == FileShared && end < before && before == info.Size:
			return r.cutFile(n, end)
		case r.mode != FileShared && end > info.Size:
			return tooShort(info.Size, end)
		}
		g := growth{}
		if r.mode == FileShared {
			g, err = r.lengthen(end)
		}
		if err == nil {
			err = r.stretch(n)
		}
		if err != nil {
			return errors.Join(err, r.shorten(g))
		}
		r.length = n
		return nil
	})
}

// cutFile makes the region n bytes long, and cuts the file off where the region ends.
func (r *Region) cutFile(n uintptr, end int64) error {
	if !vm.Able(vm.FilesAhead) {
		return r.cutUnmapped(n, end)
	}
	if err := space.Truncate(r.file, end); err != nil {
		return err
	}
	_ = r.stretch(n) // pages that the kernel does not unmap stay beyond the end of the region
	r.length = n
	return nil
}

// cutUnmapped does what cutFile does where a file that is mapped cannot become shorter: it
// unmaps the region meanwhile. If the file stays as long as it is, because others have mapped
// it, so does the region. If the kernel does not map the region again, the region has no bytes
// until Refresh.
func (r *Region) cutUnmapped(n uintptr, end int64) error {
	if r.partLocked && !r.locked {
		return ErrMixed // a new mapping would lose the locks
	}
	length, locked := r.length, r.locked
	if err := r.unmap(); err != nil {
		return err // refusals has the mapping now
	}
	err := space.Truncate(r.file, end)
	if err != nil {
		n = length
	}
	if mapping := r.mapBody(r.fileView(), n); mapping != nil {
		return errors.Join(err, mapping)
	}
	if locked {
		err = errors.Join(err, r.lockPages(r.pagesOf(r.bounds()), true, false))
	}
	return err
}
