// SPDX-License-Identifier: Apache-2.0

package gotype

import (
	"reflect"
	"sync/atomic"
	"testing"
	"unsafe"
)

type (
	plain  struct{ A [3]struct{ B complex64 } }
	hidden struct {
		A int
		B [2]struct{ C struct{ d func() } }
	}
	iface   interface{ M() }
	generic [1]struct{ v chan plain }
)

// TestPlain compares the results of both implementations with the known answer.
func TestPlain(t *testing.T) {
	is[bool](t, true)
	is[int8](t, true)
	is[uintptr](t, true)
	is[float64](t, true)
	is[complex128](t, true)
	is[[7]int16](t, true)
	is[plain](t, true)
	is[struct{}](t, true)
	is[[0]string](t, true)
	is[struct {
		_ [0]*int
		_ int
	}](t, true)
	is[atomic.Int64](t, true)
	is[*int](t, false)
	is[string](t, false)
	is[[]byte](t, false)
	is[map[int]int](t, false)
	is[func()](t, false)
	is[chan int](t, false)
	is[any](t, false)
	is[error](t, false)
	is[iface](t, false)
	is[unsafe.Pointer](t, false)
	is[hidden](t, false)
	is[generic](t, false)
	is[[1]*int](t, false)
	is[[1][]struct{ s string }](t, false)
	is[atomic.Pointer[int]](t, false)
	is[struct {
		_ int
		_ *byte
	}](t, false)
}

func is[T any](t *testing.T, plain bool) {
	t.Helper()
	want := reflect.TypeFor[T]()
	d := Of[T]()
	if d.Plain() != plain {
		t.Errorf("%v: Plain = %v, want %v", want, d.Plain(), plain)
	}
	if HasPointers(want) == plain {
		t.Errorf("%v: HasPointers = %v, want %v", want, !plain, plain)
	}
	if got := d.Reflect(); got != want {
		t.Errorf("%v: Reflect = %v", want, got)
	}
	if Of[T]() != d {
		t.Errorf("%v: two descriptors", want)
	}
}
