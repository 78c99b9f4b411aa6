// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Catch runs f with the region's bytes and returns what f returns. While f runs, Resize,
// Refresh and Close wait, so the bytes stay where they are. f may call all other methods,
// also of other regions.
//
// If f accesses memory of a region that is not accessible, f ends there, its deferred
// functions run, and Catch returns a *FaultError. Memory is not accessible beyond the end of
// a file that another program made shorter, in a guard page, and in pages that Protect
// closed.
//
// A fault in another goroutine that f started ends the program: Catch covers only f's own
// goroutine. A system call that gets such memory returns EFAULT.
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
// Other goroutines can resize or close the regions that f uses. To prevent that, use the
// method Catch of the Region.
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
	missing := e.missing(addr)
	switch {
	case errors.Is(missing, ErrTruncated):
		return fmt.Errorf("%w: %w", ErrFault, missing)
	case e.protected:
		return fmt.Errorf("%w: Protect does not allow it", ErrFault)
	case e.readOnly:
		return fmt.Errorf("%w: %w", ErrFault, ErrReadOnly)
	case missing != nil:
		return fmt.Errorf("%w: %w", ErrFault, missing)
	case e.file != nil:
		return fmt.Errorf("%w: %w", ErrFault, e.unsupplied(addr))
	}
	return fmt.Errorf("%w: %w", ErrFault, errNotSupplied)
}

// errNotSupplied is the reason if no other is found.
var errNotSupplied = errors.New("the kernel could not supply the page: an error of the disk")

// missing returns an error that says why the file does not have the byte at addr, or nil if
// it has.
func (e *entry) missing(addr uintptr) error {
	if e.file == nil {
		return nil
	}
	return missingIn(e.file, e.offset+int64(addr-e.frame.body.Base))
}

// unsupplied returns an error that says why the kernel did not supply a page that the file
// has. Other programs may have made the file shorter and longer again, and may do so again
// now.
func (e *entry) unsupplied(addr uintptr) error {
	for range 3 {
		if e.accessible(addr) {
			return e.passed()
		}
		if missing := e.missing(addr); missing != nil {
			return missing
		}
	}
	if info, err := space.Stat(e.file); err == nil && info.InMemory {
		return errors.New("the kernel could not supply the page: there is no memory for it")
	}
	return errNotSupplied
}

// missingIn returns an error that says why a file does not have the byte at offset, or nil.
// It looks only at the file.
func missingIn(f *vm.File, offset int64) error {
	info, err := space.Stat(f)
	switch {
	case err != nil:
		return nil
	case offset >= info.Size:
		return fmt.Errorf("%w: it has %d bytes", ErrTruncated, info.Size)
	case info.Full:
		return ErrNoSpace
	}
	return nil
}

// accessible reports whether the page of addr can be accessed now, and brings it in.
func (e *entry) accessible(addr uintptr) bool {
	advice := vm.PopulateRead
	if e.shared && !e.readOnly {
		advice = vm.PopulateWrite // which also finds the disk full
	}
	page := raw.AlignDown(addr, vm.PageSize())
	err := space.Advise(page, vm.PageSize(), advice)
	if errors.Is(err, ErrKernelLacks) {
		var read byte // outside the function, so that the compiler keeps the read of the page
		err = fault.Catch(func() { read = *raw.At[byte](addr) }, func(uintptr) error { return ErrFault })
		runtime.KeepAlive(&read)
	}
	return err == nil
}

// passed returns an error that says why a page was not accessible that is accessible again.
func (e *entry) passed() error {
	const short = "for a moment: somebody made it shorter, and long enough again"
	if info, err := space.Stat(e.file); e.sparse && (err != nil || info.Bounded) {
		return fmt.Errorf("%w %s; or: %w", ErrTruncated, short, ErrNoSpace)
	}
	return fmt.Errorf("%w %s", ErrTruncated, short)
}
