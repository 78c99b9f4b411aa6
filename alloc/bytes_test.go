// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// byteMemory has the methods for byte slices of Allocator and Local.
type byteMemory interface {
	Memory
	MallocBytes(n int) ([]byte, error)
	CallocBytes(n int) ([]byte, error)
	ReallocBytes(b []byte, n int) ([]byte, error)
	FreeBytes(b []byte)
}

// onEach runs f on an Allocator and on a Local, with ordinary, checked and guarded blocks.
func onEach(t *testing.T, f func(t *testing.T, m byteMemory)) {
	for name, o := range modes {
		t.Run(name, func(t *testing.T) {
			a := open(t, o)
			t.Run("Allocator", func(t *testing.T) { f(t, a) })
			l := a.NewLocal()
			t.Run("Local", func(t *testing.T) { f(t, l) })
			l.Close()
			drained(t, a)
		})
	}
}

var byteSizes = []int{0, 1, 15, 16, 17, 100, 1000, 5000, 100 << 10, 127 << 10, 128 << 10, 300_000}

func TestBytes(t *testing.T) {
	onEach(t, func(t *testing.T, m byteMemory) {
		for _, n := range byteSizes {
			b, err := m.MallocBytes(n)
			if err != nil || b == nil || len(b) != n || !exact(n, cap(b)) {
				t.Fatalf("MallocBytes(%d): length %d, capacity %d, %v", n, len(b), cap(b), err)
			}
			for i := range b {
				b[i] = 0xff
			}
			m.FreeBytes(b)
			z, err := m.CallocBytes(n)
			if err != nil || z == nil || len(z) != n || !exact(n, cap(z)) {
				t.Fatalf("CallocBytes(%d): length %d, capacity %d, %v", n, len(z), cap(z), err)
			}
			if !zero(z) {
				t.Errorf("CallocBytes(%d) is not zero", n)
			}
			m.FreeBytes(z[:0]) // FreeBytes uses the start of the slice; the length does not matter
		}
		m.FreeBytes(nil)
	})
}

// exact reports whether c is a correct capacity for a slice of n bytes.
func exact(n, c int) bool {
	if n <= 1024 || n >= sizeclass.LargeMin {
		return c == max(n, 1)
	}
	return n <= c && c < n+128
}

// TestReallocBytes resizes a slice up and down, across the limit between small and large
// objects.
func TestReallocBytes(t *testing.T) {
	onEach(t, func(t *testing.T, m byteMemory) {
		var b []byte
		kept := 0
		for _, n := range []int{5, 1, 16, 400, 401, 90_000, 200_000, 1 << 20, 150_000, 70, 3, 4000} {
			var err error
			if b, err = m.ReallocBytes(b, n); err != nil || len(b) != n || !exact(n, cap(b)) {
				t.Fatalf("ReallocBytes to %d: length %d, capacity %d, %v", n, len(b), cap(b), err)
			}
			for i := range min(kept, n) {
				if b[i] != byte(i) {
					t.Fatalf("ReallocBytes to %d: byte %d is %d", n, i, b[i])
				}
			}
			for i := range b {
				b[i] = byte(i)
			}
			kept = n
		}
		if b, err := m.ReallocBytes(b, 0); b != nil || err != nil {
			t.Errorf("ReallocBytes to 0: %d bytes, %v", len(b), err)
		}
		empty, err := m.ReallocBytes(nil, 0)
		if err != nil || empty == nil {
			t.Errorf("ReallocBytes(nil, 0): %v, %v; MallocBytes(0) is not nil", empty, err)
		}
		if empty, err = m.ReallocBytes(empty, 9); err != nil || len(empty) != 9 {
			t.Errorf("an empty slice grown to %d bytes, %v", len(empty), err)
		}
		m.FreeBytes(empty)
	})
}

func TestBytesErrors(t *testing.T) {
	onEach(t, func(t *testing.T, m byteMemory) {
		for _, get := range []func(int) ([]byte, error){m.MallocBytes, m.CallocBytes} {
			if b, err := get(-1); b != nil || !errors.Is(err, ErrInvalidSize) {
				t.Errorf("of -1 bytes: %v, %v", b, err)
			}
		}
		b, err := m.MallocBytes(10)
		if err != nil {
			t.Fatal(err)
		}
		copy(b, "0123456789")
		if c, err := m.ReallocBytes(b, -1); c != nil || !errors.Is(err, ErrInvalidSize) || string(b) != "0123456789" {
			t.Errorf("ReallocBytes to -1: %v, %v, and the slice holds %q", c, err, b)
		}
		m.FreeBytes(b)
	})
}

// TestBytesMisuse: FreeBytes and ReallocBytes refuse slices that are not blocks, as Free
// refuses such pointers.
func TestBytesMisuse(t *testing.T) {
	onEach(t, func(t *testing.T, m byteMemory) {
		b, err := m.MallocBytes(100)
		if err != nil {
			t.Fatal(err)
		}
		for name, bad := range map[string][]byte{
			"the tail of a slice": b[8:],
			"of the Go heap":      make([]byte, 100),
			"without capacity":    {},
		} {
			var e *MisuseError
			if err, ok := panicOf(func() { m.FreeBytes(bad) }).(error); !ok || !errors.As(err, &e) ||
				e.Op != "Free" || e.Addr != uintptr(unsafe.Pointer(unsafe.SliceData(bad))) {
				t.Errorf("%s: %v", name, err)
			}
		}
		m.FreeBytes(b)
	})
}

// TestFreeBytesOfAnother: a checked Allocator detects a slice whose capacity exceeds the
// block at its start.
func TestFreeBytesOfAnother(t *testing.T) {
	a := open(t, strict)
	l := a.NewLocal()
	defer l.Close()
	for _, m := range []byteMemory{a, l} {
		b, err := m.MallocBytes(100)
		if err != nil {
			t.Fatal(err)
		}
		longer := unsafe.Slice(unsafe.SliceData(b), 101)
		p := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
		wantMisuse(t, func() { m.FreeBytes(longer) }, MisuseError{Kind: TypeMismatch, Op: "Free", Addr: p, Block: p, Size: 100, State: "live"},
			"101 bytes", "another type")
		m.FreeBytes(b[:3:3])
	}
}
