// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
)

// An Error describes an operation that failed: the arena, the size and the reason. It wraps
// an error of package alloc: ErrOutOfMemory, ErrLimit, ErrClosed, ErrInvalidSize,
// ErrHasPointers or ErrUnsupported.
type Error struct {
	Op    string // "New", "MakeSlice", …
	Arena string // its name, or where it was made
	Size  int    // requested bytes; 0 if their number overflows
	Err   error
}

func (e *Error) Error() string {
	what := e.Op
	if e.Size != 0 {
		what = fmt.Sprintf("%s of %d bytes", what, e.Size)
	}
	if e.Arena != "" {
		what += " in arena " + e.Arena
	}
	return fmt.Sprintf("arena: %s: %v", what, e.Err)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// fail returns err, from an operation for size bytes, as an *Error of the arena.
func (c *core) fail(op string, size uintptr, err error) error {
	if e := (*alloc.Error)(nil); errors.As(err, &e) {
		err = e.Err // drop its operation and size: this *Error has them
	}
	return &Error{Op: op, Arena: c.String(), Size: int(size), Err: err}
}

// panicFreed panics because an operation uses an arena that was freed.
func (c *core) panicFreed(op string) {
	panic(&alloc.MisuseError{Kind: alloc.UseAfterFree, Op: "arena." + op, State: "freed",
		Detail: fmt.Sprintf("arena %s was freed%s: do not use it after Free", c, c.ended.at())})
}
