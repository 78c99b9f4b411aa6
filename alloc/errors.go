// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// The reasons for which an operation fails; test for them with errors.Is.
var (
	// ErrOutOfMemory: the kernel refused memory or address space.
	ErrOutOfMemory = vm.ErrOutOfMemory
	// ErrLimit: the allocation would exceed Options.Limit.
	ErrLimit = vm.ErrLimit
	// ErrClosed: the allocator was closed.
	ErrClosed = vm.ErrClosed
	// ErrUnsupported: this platform lacks what the call needs. The error names both.
	ErrUnsupported = vm.ErrUnsupported
	// ErrTracing: a trace is being recorded already. Trace.Stop ends it.
	ErrTracing = errors.New("a trace is being recorded already: end it with Trace().Stop first")
	// ErrInvalidSize: a size is negative or overflows, or an alignment is not a power of two
	// or exceeds MaxAlign.
	ErrInvalidSize = errors.New("invalid size or alignment")
	// ErrInvalidOption: an option has an invalid value.
	ErrInvalidOption = errors.New("invalid option")
	// ErrHasPointers: the type holds Go pointers. The garbage collector does not see off-heap
	// memory, so it would free what they point to.
	ErrHasPointers = errors.New("type holds Go pointers")
)

// An Error says which operation failed, for how many bytes, and why. It wraps one
// of the errors above.
type Error struct {
	Op   string // "Malloc", "Realloc", …
	Size int    // requested bytes; 0 if their number overflows
	Err  error
}

func (e *Error) Error() string {
	if e.Size == 0 {
		return fmt.Sprintf("alloc: %s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("alloc: %s of %d bytes: %v", e.Op, e.Size, e.Err)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// tooMany returns the error of an operation on n elements of size bytes each whose total size
// overflows.
func tooMany(op string, n, size int) error {
	return &Error{Op: op, Err: fmt.Errorf("%w: %d elements of %d bytes", ErrInvalidSize, n, size)}
}
