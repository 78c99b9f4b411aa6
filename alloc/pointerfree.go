// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/gotype"
)

// PointerFree reports whether values of type T hold no Go pointers, so that they may live
// outside the Go heap: New and MakeSlice refuse other types. Strings, slices, maps,
// channels, functions and interfaces hold Go pointers.
func PointerFree[T any]() bool { return gotype.Of[T]().Plain() }

// pointerFree returns an error of op if T holds Go pointers. The collector would not see
// them, and free what they point to.
func pointerFree[T any](op string) error {
	t := gotype.Of[T]()
	if t.Plain() {
		return nil
	}
	return &Error{Op: op, Size: elemSize[T](), Err: fmt.Errorf("%w: %v", ErrHasPointers, t.Reflect())}
}
