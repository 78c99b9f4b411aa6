// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// TestTry: Try turns a lack of memory into an error, and the arena can be used afterwards.
// Try passes other panics through.
func TestTry(t *testing.T) {
	a := open(t, Options{Limit: 64 << 10})
	var s []byte
	if err := Try(func() { s = MakeSlice[byte](a, 100, 100) }); err != nil || len(s) != 100 {
		t.Errorf("%d bytes, %v", len(s), err)
	}
	for name, f := range map[string]func(){
		"New":             func() { New[[1 << 20]byte](a) },
		"MakeSlice":       func() { MakeSlice[byte](a, 1<<20, 1<<20) },
		"Append":          func() { Append(a, s, make([]byte, 1<<20)...) },
		"CloneString":     func() { CloneString(a, string(make([]byte, 1<<20))) },
		"NewLinked":       func() { NewLinked[[1 << 18]*int](a) },
		"MakeLinkedSlice": func() { MakeLinkedSlice[*int](a, 1<<18, 1<<18) },
	} {
		var e *Error
		if err := Try(f); !errors.Is(err, alloc.ErrLimit) || !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Try(func() { New[int](a) }); err != nil {
		t.Error(err)
	}
	if p := panicOf(func() { _ = Try(func() { panic(errors.ErrUnsupported) }) }); p != errors.ErrUnsupported {
		t.Errorf("another panic becomes %v", p)
	}
}
