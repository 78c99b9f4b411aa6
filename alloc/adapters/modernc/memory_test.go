// SPDX-License-Identifier: Apache-2.0

package memory_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"modernc.org/memory"
)

// newAllocator returns an Allocator that is closed at the end of the test.
func newAllocator(t *testing.T) *memory.Allocator {
	t.Helper()
	a := new(memory.Allocator)
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// forms are the three ways to request a block. Each returns its address.
func forms(a *memory.Allocator) map[string]func(size int) (uintptr, error) {
	slice := func(b []byte, err error) (uintptr, error) { return uintptr(unsafe.Pointer(unsafe.SliceData(b))), err }
	plain := func(p unsafe.Pointer, err error) (uintptr, error) { return uintptr(p), err }
	return map[string]func(int) (uintptr, error){
		"Malloc":         func(n int) (uintptr, error) { return slice(a.Malloc(n)) },
		"Calloc":         func(n int) (uintptr, error) { return slice(a.Calloc(n)) },
		"Realloc":        func(n int) (uintptr, error) { return slice(a.Realloc(nil, n)) },
		"UnsafeMalloc":   func(n int) (uintptr, error) { return plain(a.UnsafeMalloc(n)) },
		"UnsafeCalloc":   func(n int) (uintptr, error) { return plain(a.UnsafeCalloc(n)) },
		"UnsafeRealloc":  func(n int) (uintptr, error) { return plain(a.UnsafeRealloc(nil, n)) },
		"UintptrMalloc":  a.UintptrMalloc,
		"UintptrCalloc":  a.UintptrCalloc,
		"UintptrRealloc": func(n int) (uintptr, error) { return a.UintptrRealloc(0, n) },
	}
}

func TestSizes(t *testing.T) { inEachMode(t, testSizes) }

func testSizes(t *testing.T) {
	a := newAllocator(t)
	for name, get := range forms(a) {
		t.Run(name, func(t *testing.T) {
			if p, err := get(0); p != 0 || err != nil {
				t.Errorf("size 0 gives %#x, %v", p, err)
			}
			if p, err := get(math.MaxInt); p != 0 || !errors.Is(err, alloc.ErrOutOfMemory) {
				t.Errorf("a huge size gives %#x, %v", p, err)
			}
			for _, size := range []int{1, 16, 100, 4096, 100_000, 1 << 20} {
				p, err := get(size)
				if err != nil {
					t.Fatal(err)
				}
				if n := memory.UintptrUsableSize(p); n < size || p%16 != 0 {
					t.Errorf("%d bytes: block %#x of %d", size, p, n)
				}
				if err := a.UintptrFree(p); err != nil {
					t.Error(err)
				}
			}
			defer func() {
				if recover() == nil {
					t.Error("a negative size does not panic")
				}
			}()
			_, _ = get(-1)
		})
	}
}

func TestSlices(t *testing.T) { inEachMode(t, testSlices) }

func testSlices(t *testing.T) {
	a := newAllocator(t)
	b, err := a.Malloc(1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) != 1000 || cap(b) != memory.UsableSize(&b[0]) {
		t.Errorf("length %d, capacity %d, usable size %d", len(b), cap(b), memory.UsableSize(&b[0]))
	}
	want := bytes.Repeat([]byte{7}, 1000)
	copy(b, want)
	for _, size := range []int{10_000, 1 << 20, 8 << 20, 300_000, 1000} {
		if b, err = a.Realloc(b[:0], size); err != nil {
			t.Fatal(err)
		}
		if len(b) != size || cap(b) != memory.UsableSize(&b[0]) || !bytes.Equal(b[:1000], want) {
			t.Fatalf("%d bytes: length %d, capacity %d, or other contents", size, len(b), cap(b))
		}
	}
	if b, err = a.Realloc(b, 0); b != nil || err != nil {
		t.Errorf("Realloc to 0 gives %v, %v", b, err)
	}
	if err := a.Free(nil); err != nil {
		t.Error(err)
	}
}

func TestCallocZeroes(t *testing.T) { inEachMode(t, testCallocZeroes) }

func testCallocZeroes(t *testing.T) {
	a := newAllocator(t)
	for _, size := range []int{24, 5000, 1 << 20} {
		dirty, err := a.Malloc(size)
		if err != nil {
			t.Fatal(err)
		}
		for i := range dirty {
			dirty[i] = 1
		}
		if err := a.Free(dirty); err != nil {
			t.Fatal(err)
		}
		b, err := a.Calloc(size)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, make([]byte, size)) {
			t.Errorf("%d bytes are not all zero", size)
		}
	}
}

func TestErrorKeepsBlock(t *testing.T) { inEachMode(t, testErrorKeepsBlock) }

func testErrorKeepsBlock(t *testing.T) {
	a := newAllocator(t)
	b, err := a.Malloc(100)
	if err != nil {
		t.Fatal(err)
	}
	b[0] = 1
	if _, err := a.Realloc(b, math.MaxInt); err == nil {
		t.Error("Realloc to a huge size succeeds")
	}
	if b[0] != 1 || a.Free(b) != nil {
		t.Error("the block is gone")
	}
}

func TestMisuse(t *testing.T) { inEachMode(t, testMisuse) }

func testMisuse(t *testing.T) {
	a, other := newAllocator(t), newAllocator(t)
	p, err := a.UnsafeMalloc(100)
	if err != nil {
		t.Fatal(err)
	}
	freed, err := a.UnsafeMalloc(100)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.UnsafeFree(freed); err != nil {
		t.Fatal(err)
	}
	for name, misuse := range map[string]func(){
		"freed twice":       func() { _ = a.UnsafeFree(freed) },
		"inside a block":    func() { _ = a.UnsafeFree(unsafe.Add(p, 16)) },
		"another Allocator": func() { _ = other.UnsafeFree(p) },
		"the Go heap":       func() { _ = a.Free(make([]byte, 100)) },
		"resized freed":     func() { _, _ = a.UnsafeRealloc(freed, 10) },
		"size of freed":     func() { memory.UnsafeUsableSize(freed) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				err, _ := recover().(error)
				var m *alloc.MisuseError
				if !errors.As(err, &m) {
					t.Errorf("it ends with %v", err)
				}
			}()
			misuse()
		})
	}
}

// TestClose: a closed Allocator is a zero value, and can be used again.
func TestClose(t *testing.T) {
	a := newAllocator(t)
	for range 3 {
		if _, err := a.Malloc(1 << 20); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if *a != (memory.Allocator{}) {
			t.Errorf("%+v", *a)
		}
	}
}

// TestCopies: copies of an Allocator share its memory.
func TestCopies(t *testing.T) {
	a := newAllocator(t)
	b, err := a.Malloc(100)
	if err != nil {
		t.Fatal(err)
	}
	copied := *a
	if err := copied.Free(b); err != nil {
		t.Error(err)
	}
}

// TestConcurrent: goroutines share an Allocator from its first block on and free each other's
// blocks. No two of them get the same block.
func TestConcurrent(t *testing.T) {
	a := newAllocator(t)
	blocks := make(chan []byte, 16)
	var users sync.WaitGroup
	for user := range byte(4) {
		users.Go(func() {
			for i := range 2000 {
				b, err := a.Malloc(16 << (i % 8))
				if err != nil {
					t.Error(err)
					return
				}
				for j := range b {
					b[j] = user
				}
				blocks <- b
				if b = <-blocks; strings.Trim(string(b), string(b[:1])) != "" {
					t.Error("two users wrote to a block")
				}
				_ = a.Free(b)
			}
		})
	}
	users.Wait()
}
