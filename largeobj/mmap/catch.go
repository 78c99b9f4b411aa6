// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/fault"
)

// Catch runs f with the region's bytes and returns what f returns. While f runs, Resize,
// Refresh and Close wait, so the bytes stay where they are. f may call all other methods,
// also of other regions.
//
// If f accesses memory of a region that is not accessible, f ends there, with its deferred
// functions run, and Catch returns a *FaultError. Such memory lies beyond the end of a
// file that somebody made shorter, in a guard page, or in pages that Protect closed.
//
// Catch sees only accesses by f's own goroutine. A system call that is given such memory
// returns EFAULT.
func (r *Region) Catch(f func(b []byte) error) error {
	if err := r.gate.enter(); err != nil {
		return r.error("Catch", 0, err)
	}
	defer r.gate.leave()
	return Catch(func() error { return f(r.bytes()) })
}

// Catch runs f and returns what f returns. If f accesses memory of any Region that is not
// accessible, f ends there and Catch returns a *FaultError. Other faults, nil
// dereferences and panics pass through.
//
// Nothing keeps other goroutines from resizing or closing the regions that f uses: the
// method Catch of a Region does.
func Catch(f func() error) error {
	var result error
	if err := fault.Catch(func() { result = f() }, describeFault); err != nil {
		return err
	}
	return result
}

// A FaultError reports an access to memory of a Region that is not accessible. It wraps
// ErrFault, and also the cause where that is known: ErrTruncated, ErrReadOnly or
// ErrNoSpace.
type FaultError struct {
	Addr   uintptr // address of the access
	Region string  // name of the region
	Offset int     // distance of Addr from the region's first byte
	Len    int     // length of the region in bytes
	Err    error
}

func (e *FaultError) Error() string {
	return fmt.Sprintf("mmap: access at %#x, byte %d of %q with %d bytes: %v", e.Addr, e.Offset, e.Region, e.Len, e.Err)
}

// Unwrap returns the cause.
func (e *FaultError) Unwrap() error { return e.Err }

func init() { fault.Register(describeFault) }

// describeFault returns a *FaultError if addr lies in an open region. It acquires no lock
// that a program can hold.
func describeFault(addr uintptr) (err error) {
	regions.find(addr, func(e *entry) {
		err = &FaultError{
			Addr: addr, Region: e.info.Name, Offset: int(addr - e.info.Addr), Len: e.info.Len, Err: e.reason(addr),
		}
	})
	return err
}

// reason says why an access at addr, in the region's frame, can fault. It looks at the
// file, which may have changed.
func (e *entry) reason(addr uintptr) error {
	body := e.frame.body
	if addr < body.Base || addr >= body.Base+body.Size {
		return fmt.Errorf("%w: a guard page", ErrFault)
	}
	full := false
	if e.file != nil {
		info, err := space.Stat(e.file)
		if err == nil && e.offset+int64(addr-body.Base) >= info.Size {
			return fmt.Errorf("%w: %w: it has %d bytes", ErrFault, ErrTruncated, info.Size)
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
