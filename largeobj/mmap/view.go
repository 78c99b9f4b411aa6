// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/fault"
)

// View runs f with the region's bytes and returns what it returns. Until then
// Resize, Refresh and Close wait, so the bytes stay where they are; f may call the
// other methods, also of other regions. An access to memory that is not there ends
// f, with its deferred functions run, and is a *FaultError: beyond the end of a file
// that somebody made shorter, in a guard page, or against Protect.
//
// Only accesses of f's own goroutine are caught. A system call that is given such
// memory says EFAULT instead.
func (r *Region) View(f func(b []byte) error) error {
	if err := r.gate.enter(); err != nil {
		return r.error("View", 0, err)
	}
	defer r.gate.leave()
	return Guard(func() error { return f(r.bytes()) })
}

// Guard runs f and returns what it returns. An access in f to memory of any Region
// that is not there ends f and is a *FaultError, as in View; but nothing keeps
// regions from being resized or closed meanwhile. Other faults, nil dereferences
// and panics pass through.
func Guard(f func() error) error {
	var result error
	if err := fault.Catch(func() { result = f() }, explainRegion); err != nil {
		return err
	}
	return result
}

// A FaultError tells of an access to memory of a Region that is not there. It wraps
// ErrFault, and ErrTruncated if that is what happened.
type FaultError struct {
	Addr   uintptr
	Region string // its name
	Offset int    // of Addr from the region's first byte
	Len    int    // of the region in bytes
	Err    error
}

func (e *FaultError) Error() string {
	return fmt.Sprintf("mmap: access at %#x, byte %d of %q with %d bytes: %v", e.Addr, e.Offset, e.Region, e.Len, e.Err)
}

// Unwrap returns the reason.
func (e *FaultError) Unwrap() error { return e.Err }

func init() { fault.Register(explainRegion) }

// explainRegion returns a *FaultError if addr lies in an open region. It needs no
// lock that a program can hold.
func explainRegion(addr uintptr) (err error) {
	regions.find(addr, func(e *regionEntry) {
		err = &FaultError{
			Addr: addr, Region: e.info.Name, Offset: int(addr - e.info.Addr), Len: e.info.Len, Err: e.reason(addr),
		}
	})
	return err
}

// reason tells why an access at an address in the region's frame can fault. A file
// is looked at, for it may have changed.
func (e *regionEntry) reason(addr uintptr) error {
	body := e.frame.body
	if addr < body.Base || addr >= body.Base+body.Size {
		return fmt.Errorf("%w: a guard page", ErrFault)
	}
	full := false
	if e.file != nil {
		info, err := space.Stat(e.file)
		if err == nil && e.offset+int64(addr-body.Base) >= info.Size {
			return fmt.Errorf("%w: %w: somebody made it %d bytes long", ErrFault, ErrTruncated, info.Size)
		}
		full = err == nil && info.Full
	}
	switch {
	case e.protected:
		return fmt.Errorf("%w: Protect does not allow it", ErrFault)
	case e.readOnly:
		return fmt.Errorf("%w: %w", ErrFault, ErrReadOnly)
	case full:
		return fmt.Errorf("%w: %w", ErrFault, ErrNoSpace)
	}
	return fmt.Errorf("%w: the kernel could not supply the page: an error of the disk", ErrFault)
}
