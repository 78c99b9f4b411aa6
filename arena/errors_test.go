// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// TestErrorOfTooMany: the error about a slice whose size overflows names the slice's
// length, and no size.
func TestErrorOfTooMany(t *testing.T) {
	a := NewArena()
	defer a.Free()
	for _, n := range []int{-1, math.MinInt, math.MaxInt, math.MaxInt/8 + 1} {
		for op, f := range map[string]func(){
			"MakeSlice":       func() { MakeSlice[int64](a, n, n) },
			"MakeLinkedSlice": func() { MakeLinkedSlice[[2]*int](a, n, n) },
		} {
			err := panicOf(f)
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, alloc.ErrInvalidSize) || e.Op != op || e.Size != 0 ||
				!strings.HasPrefix(err.Error(), "arena: "+op+" in arena ") {
				t.Errorf("%d elements: %v", n, err)
			}
		}
	}
}
