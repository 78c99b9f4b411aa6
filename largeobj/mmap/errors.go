// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// The causes of errors, for errors.Is. The error also wraps the kernel's error.
var (
	// ErrOutOfMemory: the kernel refused memory or address space.
	ErrOutOfMemory = vm.ErrOutOfMemory
	// ErrClosed: the region was closed.
	ErrClosed = vm.ErrClosed
	// ErrUnsupported: this platform lacks what the call needs. The error names both.
	ErrUnsupported = vm.ErrUnsupported
	// ErrKernelLacks: this kernel is too old for the call, or was built without it.
	ErrKernelLacks = vm.ErrKernelLacks
	// ErrLockLimit: the process may not lock so much memory. The message names the
	// limit and says how to raise it.
	ErrLockLimit = vm.ErrLockLimit
	// ErrMixed: parts of the region differ in advice, locks or protection. The kernel
	// resizes the region only when they are alike again.
	ErrMixed = vm.ErrMixed
	// ErrNoSpace: the disk, /dev/shm, or the user's quota is full.
	ErrNoSpace = vm.ErrNoSpace
	// ErrInvalid: a length, a range or an option makes no sense. The message names it.
	ErrInvalid = errors.New("invalid size, range or option")
	// ErrReadOnly: the region was mapped read-only.
	ErrReadOnly = errors.New("the region is read-only")
	// ErrTruncated: the file or object ends before the region does.
	ErrTruncated = errors.New("the file ends before the region does")
	// ErrForeign: the shared object was not made by MapShared, or other users own it or
	// may open it.
	ErrForeign = errors.New("the shared object is foreign")
	// ErrVersion: the shared object has the format of another version of this package,
	// or of another page size.
	ErrVersion = errors.New("the shared object has another format")
	// ErrMismatch: the shared object has another length than requested.
	ErrMismatch = errors.New("the shared object has another length")
	// ErrDamaged: the header in front of the region was overwritten.
	ErrDamaged = errors.New("the header in front of the region was overwritten")
	// ErrFault: the program accessed memory that is not accessible.
	ErrFault = errors.New("inaccessible memory")
)

// An Error says which operation on which Region failed, and why. It wraps one of the
// causes above, or one of package io/fs, such as fs.ErrExist.
type Error struct {
	Op     string // "Map", "Resize", …
	Region string // name of the region
	Size   int    // requested length in bytes; 0 if the operation has none
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

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// invalid returns ErrInvalid with a description of what is wrong.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
