// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
)

const mib = 1 << 20

// errInjected stands for any error of the kernel.
var errInjected = errors.New("injected")

// fail makes calls of kind op fail, except the first after calls, until the test ends or
// stop is called.
func fail(t *testing.T, op Op, after int) (stop func()) {
	t.Helper()
	Inject(func(o Op) error {
		if o != op {
			return nil
		}
		if after--; after >= 0 {
			return nil
		}
		return errInjected
	})
	stop = func() { Inject(nil) }
	t.Cleanup(stop)
	return stop
}

// mapIn maps memory that the caller must release.
func mapIn(t *testing.T, s *Space, size, align uintptr) (uintptr, Mapping) {
	t.Helper()
	start, m, err := s.Map(size, align)
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return start, m
}

func release(t *testing.T, s *Space, m Mapping) {
	t.Helper()
	if err := s.Release(m); err != nil {
		t.Fatal(err)
	}
}

// fill writes b to the first byte of each page.
func fill(addr, size uintptr, b byte) {
	for at := addr; at < addr+size; at += PageSize() {
		*raw.At[byte](at) = b
	}
}

// check reports pages of the range whose first byte is not b.
func check(t *testing.T, what string, addr, size uintptr, b byte) {
	t.Helper()
	for at := addr; at < addr+size; at += PageSize() {
		if got := *raw.At[byte](at); got != b {
			t.Fatalf("%s: byte %d is %#x, want %#x", what, at-addr, got, b)
		}
	}
}
