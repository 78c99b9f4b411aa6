// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"fmt"
)

// The sentinels of the whole module: the public packages export them.
var (
	// ErrOutOfMemory means that the kernel refused memory or address space.
	ErrOutOfMemory = errors.New("out of memory")
	// ErrClosed means that the owner of the memory was closed.
	ErrClosed = errors.New("closed")
	// ErrLimit means that the owner's own limit is reached.
	ErrLimit = errors.New("memory limit reached")
	// ErrUnsupported means that this platform lacks what the call needs. The error names
	// the feature and the platform.
	ErrUnsupported error = unsupported{}
	// ErrKernelLacks means that this kernel, or its configuration, does not have the call.
	ErrKernelLacks = errors.New("this kernel does not support the call: it is too old, or was built without it")
	// ErrLockLimit means that the process may not lock this much memory.
	ErrLockLimit = errors.New("limit of locked memory reached")
	// ErrAbsent means that pages cannot be brought into RAM: the file has no such pages,
	// or there is no memory or disk space for them.
	ErrAbsent = errors.New("the pages cannot be brought into RAM")
	// ErrMixed means that the kernel has split a mapping into several, and cannot resize
	// them as one.
	ErrMixed = errors.New("parts of the mapping differ in advice, locks or protection")
	// ErrNoSpace means that the file system or the user's quota is full.
	ErrNoSpace = errors.New("no space is left in the file system")
	// ErrFileLocked means that the file is locked through another open file description.
	ErrFileLocked = errors.New("the file is locked by another process, or by another open of this one")
)

// unsupported is the type of ErrUnsupported, which is also the standard library's.
type unsupported struct{}

func (unsupported) Error() string { return "not supported on this platform" }

// Is reports whether the error is the standard library's.
func (unsupported) Is(target error) bool { return target == errors.ErrUnsupported }

// lacking adds ErrKernelLacks to an error.
func lacking(what string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrKernelLacks, what, err)
}

func isLacking(err error) bool { return errors.Is(err, ErrKernelLacks) }

// named adds the file's name to an error.
func named(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
