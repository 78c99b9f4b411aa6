package vm

import "errors"

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
)
