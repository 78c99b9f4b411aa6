// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// TestElementsError: an error about a number of elements has the number, and no size.
func TestElementsError(t *testing.T) {
	a := open(t, still)
	s := Must(MakeSlice[[3]int64](a, 1, 1))
	defer FreeSlice(a, s)
	for _, n := range []int{-1, -8, math.MinInt, math.MaxInt, math.MaxInt/24 + 1} {
		for op, f := range map[string]func() error{
			"MakeSlice":   func() error { _, err := MakeSlice[[3]int64](a, n, n); return err },
			"MallocSlice": func() error { _, err := MallocSlice[[3]int64](a, n, n); return err },
			"Resize":      func() error { _, err := Resize(a, s, n); return err },
			"Calloc":      func() error { _, err := a.Calloc(n, 24); return err },
		} {
			err := f()
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, ErrInvalidSize) || e.Op != op || e.Size != 0 {
				t.Errorf("%s of %d elements: %#v", op, n, err)
				continue
			}
			if text := err.Error(); !strings.HasPrefix(text, "alloc: "+op+": ") || strings.Contains(text, op+" of ") {
				t.Errorf("%d elements: %s", n, text)
			}
		}
	}
	if _, err := a.Malloc(math.MaxInt); err == nil || !strings.Contains(err.Error(), "Malloc of 9223372036854775807 bytes") && math.MaxInt > 1<<40 {
		t.Errorf("Malloc: %v", err)
	}
}
