// SPDX-License-Identifier: Apache-2.0

//go:build unix && !aix && !ashlar_heap

package vm

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// reasonOf returns the sentinel for an error, nil if there is none.
func reasonOf(op Op, size uintptr, err error) error { return posixReason(op, size, err) }

// isInvalid reports whether the error is EINVAL.
func isInvalid(err error) bool { return errors.Is(err, unix.EINVAL) }

// isForbidden reports whether the process is not allowed to make a call. Filters of
// kernel calls (seccomp), as containers use them, return such errors.
func isForbidden(err error) bool { return errors.Is(err, unix.EPERM) }

// oom adds ErrOutOfMemory to the kernel's refusals. ENOMEM is the usual one. EAGAIN means
// that locked memory is exhausted, and EINVAL that the size exceeds the address space.
func oom(call string, size uintptr, err error) error {
	if errors.Is(err, unix.ENOMEM) {
		return fmt.Errorf("%w: %s of %d bytes: %w", outOfMemory(), call, size, err)
	}
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("%w: %s of %d bytes: %w", ErrOutOfMemory, call, size, err)
	}
	return fmt.Errorf("%s of %d bytes: %w", call, size, err)
}
