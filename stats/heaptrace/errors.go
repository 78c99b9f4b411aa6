// SPDX-License-Identifier: Apache-2.0

package heaptrace

import (
	"errors"
	"fmt"
)

// The errors that Error wraps.
var (
	// ErrFormat: the file is not a trace.
	ErrFormat = errors.New("the file is not a trace: its first bytes are wrong")
	// ErrVersion: the trace has a version or an option that this package does not know.
	ErrVersion = errors.New("the trace was written by a newer version of this package: use that version to read it")
	// ErrTruncated: the file ends before the trace does. The events read before are
	// valid.
	ErrTruncated = errors.New("the trace was cut off after this batch, or is still being written")
	// ErrDamaged: a batch has a wrong checksum or impossible contents. The batches before
	// it are valid.
	ErrDamaged = errors.New("this batch is damaged")
	// ErrEvent: the event cannot be written.
	ErrEvent = errors.New("invalid event: the operation is unknown, the size is negative, or the alignment is not a power of two")
)

// An Error adds the position in the trace to an error. It wraps one of the sentinels
// above, or the error of the file's reader or writer.
type Error struct {
	Batch int // number of batches that were read or written without error
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("heaptrace: after %d batches: %v", e.Batch, e.Err) }

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }
