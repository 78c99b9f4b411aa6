// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// Resize makes the region n bytes long, 1 at least. Bytes keep their values, what
// is added is zeroed (or what the file holds), nothing is copied but explicit huge
// pages and secret memory, and the region may move: slices that Bytes returned are
// invalid. It waits for calls of Catch to end, must not be called inside one, and is put
// off by calls that overlap without end.
//
// A shared object gets the new length for everybody; other processes see it when
// they call Refresh. A file that is mapped FileShared is made longer as needed, and
// made shorter with the region where that reached the end of the file. The others
// are windows that cannot go beyond the end of what they show: ErrTruncated.
//
// On failure all is as it was. What others have added to a file or object meanwhile
// stays. Regions of one file wait for each other while they change its length, in all
// processes; the lock that they use for that is none of flock's.
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

// Refresh gives the region the length that what it shows has now: of a shared object the
// length that another process gave it, of a file the bytes from the region's first to the
// end of the file. Slices that Bytes returned are invalid. Private memory has no length
// but the region's: ErrInvalid.
func (r *Region) Refresh() error {
	return r.change("Refresh", 0, func() error {
		switch r.kind {
		case Shared:
			return r.locking(false, func(length uintptr, _ int64) error { return r.follow(length) })
		case FileData:
			info, err := space.Stat(r.file)
			if err != nil {
				return err
			}
			n := max(info.Size-r.offset-int64(r.lead), 0)
			if uint64(n) >= maxLength {
				return fmt.Errorf("%w: %d bytes are more than an address space", ErrOutOfMemory, n)
			}
			return r.follow(uintptr(n))
		}
		return invalid("%v memory is nobody else's", r.kind)
	})
}

// follow makes the region n bytes long, as what it shows is.
func (r *Region) follow(n uintptr) error {
	if n == 0 {
		_ = r.unmap() // what is refused is tried again
		return nil
	}
	if err := r.stretch(n); err != nil {
		return err
	}
	r.length = n
	return nil
}

// change runs f alone.
func (r *Region) change(op string, n int, f func() error) error {
	remains.retry()
	if err := r.gate.acquire(); err != nil {
		return r.error(op, n, err)
	}
	defer r.gate.release(false)
	if r.protected {
		return r.error(op, n, invalid("its pages are protected: Protect it as it was at first"))
	}
	err := f()
	regions.set(r)
	return r.error(op, n, err)
}

// stretch makes the mapping long enough for n bytes, and no longer. The length is
// the caller's to set.
func (r *Region) stretch(n uintptr) error {
	old, size := r.frame.body.Size, r.sizeFor(n)
	switch {
	case size == old:
		return nil
	case old == 0: // of an empty file
		return r.showFirst(n)
	}
	w, err := r.frame.resized(size, r.footing())
	if err != nil {
		return err
	}
	if size > old {
		r.charge(size - old)
	} else {
		r.refund(old - size)
	}
	r.frame = w
	return nil
}

// showFirst makes the mapping of a file that was empty.
func (r *Region) showFirst(n uintptr) error {
	if err := r.show(r.fileView(), n); err != nil {
		return err
	}
	if err := r.finish(); err != nil {
		return errors.Join(err, r.unmap())
	}
	return nil
}

// clear zeroes what the last page of length bytes holds beyond them, as far as it is
// among the first n bytes now: it may have been in use before the region was made
// shorter.
func (r *Region) clear(length, n uintptr) {
	if end := min(n, r.sizeFor(length)-r.lead); length < end {
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
	r.clear(r.length, n)
	r.length = n
	r.writeHeader()
	return nil
}

// replace makes a new region of the same kind, copies, and gives up the old one,
// for memory that the kernel does not resize.
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
	_ = r.dismantle() // what is refused is tried again
	r.page, r.lead, r.huge, r.secret = fresh.page, fresh.lead, fresh.huge, fresh.secret
	r.frame, r.length, r.seal, r.locked = fresh.frame, fresh.length, fresh.seal, fresh.locked
	return nil
}

// locking runs f with the length that the header of a shared object tells and the
// size of the object, under the object's lock.
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

// resizeShared changes the object, the mapping and the header in an order that has
// the header true wherever the process is killed.
func (r *Region) resizeShared(n uintptr) error {
	if r.mode == FileReadOnly {
		return ErrReadOnly
	}
	return r.locking(true, func(length uintptr, before int64) error {
		after := int64(r.sizeFor(n))
		if need := int64(r.sizeFor(length)); need < before { // it was not cut off once
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
		r.clear(length, n)
		r.length = n
		r.writeHeader()
		if after < before {
			_ = space.Truncate(r.file, after) // refused, it is cut off by the next
		}
		return nil
	})
}

func (r *Region) resizeFile(n uintptr) error {
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
			return fmt.Errorf("%w: at %d, wanted are the bytes to %d", ErrTruncated, info.Size, end)
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

// cutFile makes the region n bytes long, and the file end at its end.
func (r *Region) cutFile(n uintptr, end int64) error {
	if err := space.Truncate(r.file, end); err != nil {
		return err
	}
	_ = r.stretch(n) // what is not cut off stays mapped, beyond the end of the region
	r.length = n
	return nil
}
