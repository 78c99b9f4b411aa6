// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// The reasons for which something about a Region fails; test for them with
// errors.Is. The kernel's own answer is in the chain as well.
var (
	// ErrOutOfMemory: the kernel refused memory or address space.
	ErrOutOfMemory = vm.ErrOutOfMemory
	// ErrClosed: the region was closed.
	ErrClosed = vm.ErrClosed
	// ErrUnsupported: there is no off-heap memory on this platform yet.
	ErrUnsupported = vm.ErrUnsupported
	// ErrKernelLacks: this kernel is too old for it, or was built without it.
	ErrKernelLacks = vm.ErrKernelLacks
	// ErrLockLimit: the process may not lock so much memory. The message names the
	// limit and how it is raised.
	ErrLockLimit = vm.ErrLockLimit
	// ErrMixed: parts of the region were given different advice or protection, and
	// the kernel resizes it only when they are alike again.
	ErrMixed = vm.ErrMixed
	// ErrNoSpace: the disk, /dev/shm or the user's share of it is full.
	ErrNoSpace = vm.ErrNoSpace
	// ErrInvalid: a size, range or option makes no sense.
	ErrInvalid = errors.New("invalid size, range or option")
	// ErrReadOnly: the region is read-only, and so is what it shows.
	ErrReadOnly = errors.New("the region is read-only")
	// ErrTruncated: the file ends before the region does.
	ErrTruncated = errors.New("the file ends before the region does")
	// ErrForeign: the shared object was not made by ashlar, or belongs to or is open
	// to other users.
	ErrForeign = errors.New("the shared object is foreign")
	// ErrVersion: the shared object was made by another version of ashlar, or for
	// another page size.
	ErrVersion = errors.New("the shared object has another format")
	// ErrMismatch: the shared object is not as long as it should be.
	ErrMismatch = errors.New("the shared object has another length")
	// ErrDamaged: the header in front of the region was overwritten.
	ErrDamaged = errors.New("the header in front of the region was overwritten")
	// ErrFault: memory was accessed that is not there.
	ErrFault = errors.New("inaccessible memory")
)

// An Error says which operation on which Region failed, and why. It wraps one of
// the errors above, or fs.ErrExist and its like.
type Error struct {
	Op     string // "Map", "Resize", …
	Region string // its name
	Size   int    // bytes that were asked for, 0 if it was not about a size
	Err    error
}

func (e *Error) Error() string {
	s := "mmap: " + e.Op
	if e.Region != "" {
		s += fmt.Sprintf(" of %q", e.Region)
	}
	if e.Size != 0 {
		s += fmt.Sprintf(", %d bytes", e.Size)
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// invalid is ErrInvalid with what is wrong.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
