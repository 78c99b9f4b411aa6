// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"fmt"
)

// The sentinels are the module's: the public packages export them as their own.
var (
	// ErrOutOfMemory means that the kernel refused memory or address space.
	ErrOutOfMemory = errors.New("out of memory")
	// ErrClosed means that the owner of the memory was closed.
	ErrClosed = errors.New("closed")
	// ErrLimit means that the owner's own limit was reached.
	ErrLimit = errors.New("memory limit reached")
	// ErrUnsupported means that ashlar has no kernel interface for this platform.
	ErrUnsupported = errors.New("off-heap memory is not supported on this platform yet (Linux is)")
	// ErrKernelLacks means that this kernel, or its configuration, does not have the call.
	ErrKernelLacks = errors.New("this kernel is too old for it, or was built without it")
	// ErrLockLimit means that the process may not lock so much memory.
	ErrLockLimit = errors.New("limit of locked memory reached")
	// ErrAbsent means that pages cannot be brought into RAM: a file has none there, or no
	// memory or disk is left for them.
	ErrAbsent = errors.New("pages cannot be brought into RAM")
	// ErrMixed means that a mapping became several, which cannot be resized as one.
	ErrMixed = errors.New("parts of the mapping differ in advice, locks or protection")
	// ErrNoSpace means that a file system is full, or the user's share of it is.
	ErrNoSpace = errors.New("no space left in the file system")
	// ErrFileLocked means that another open file description holds the lock of a file.
	ErrFileLocked = errors.New("the file is locked by another process or opening")
)

// lacking says that the kernel does not have what it was asked for.
func lacking(what string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrKernelLacks, what, err)
}

func isLacking(err error) bool { return errors.Is(err, ErrKernelLacks) }

// named adds the name of the file that an error is about.
func named(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
