// SPDX-License-Identifier: Apache-2.0

package heaptrace

import (
	"errors"
	"fmt"
)

// What can be wrong with a trace.
var (
	// ErrFormat: the file is no trace.
	ErrFormat = errors.New("this is no trace: it does not begin as one")
	// ErrVersion: the trace has a version or an option that this package does not know.
	ErrVersion = errors.New("the trace was written by a newer version, which is needed to read it")
	// ErrTruncated: the trace ends without its end. What was read before is good.
	ErrTruncated = errors.New("the trace was cut off after this batch, or is still being written")
	// ErrDamaged: what a batch says cannot be. The batches before are good.
	ErrDamaged = errors.New("this batch is damaged")
	// ErrEvent: an event that cannot be written.
	ErrEvent = errors.New("no such event: an unknown operation, a negative size, or an alignment that is no power of two")
)

// An Error says where in a trace something is wrong. It wraps one of the sentinels,
// or what the file's reader or writer returned.
type Error struct {
	Batch int // batches that were read or written before
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("heaptrace: after %d batches: %v", e.Batch, e.Err) }

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }
