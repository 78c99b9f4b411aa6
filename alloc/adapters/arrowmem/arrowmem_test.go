// SPDX-License-Identifier: Apache-2.0

package arrowmem_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/adapters/arrowmem"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

func Example() {
	mem := arrowmem.New(nil)
	b := mem.Allocate(100)
	b = mem.Reallocate(1<<20, b)
	fmt.Println(len(b), b[1<<20-1])
	mem.Free(b)
	// Output: 1048576 0
}

// fill writes to all of b's block.
func fill(b []byte, first byte) {
	if len(b) == 0 {
		return
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	block := unsafe.Slice((*byte)(p), alloc.UsableSize(p))
	for i := range block {
		block[i] = first + byte(i)
	}
}

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// TestAllocate: buffers of every small size and of many larger ones are aligned and zeroed,
// though their memory was in use before.
func TestAllocate(t *testing.T) { alloctest.EachMode(t, testAllocate) }

func testAllocate(t *testing.T, heap *alloc.Allocator) {
	mem := arrowmem.New(heap)
	sizes := []int{128<<10 - 1, 128 << 10, 128<<10 + 1, 1 << 20, 5<<20 + 3}
	step := 3
	if testing.Short() {
		step = 37
	}
	for size := 0; size < 2_100; size += step {
		sizes = append(sizes, size, 61*size)
	}
	for _, size := range sizes {
		first, second := mem.Allocate(size), mem.Allocate(size)
		for _, b := range [][]byte{first, second} {
			if size > 0 && address(b)%64 != 0 || len(b) != size || cap(b) != size {
				t.Fatalf("%d bytes: %d at %#x, capacity %d", size, len(b), address(b), cap(b))
			}
			if bytes.Count(b, []byte{0}) != size {
				t.Fatalf("%d bytes are not all zero", size)
			}
			fill(b, 1)
			mem.Free(b)
		}
	}
	mem.Free(nil)
}

func TestReallocate(t *testing.T) { alloctest.EachMode(t, testReallocate) }

func testReallocate(t *testing.T, heap *alloc.Allocator) {
	mem := arrowmem.New(heap)
	var b []byte
	var want []byte
	for i, size := range []int{0, 1, 64, 65, 100, 3, 40, 5000, 100_000, 300_000, 64, 2 << 20, 1 << 20, 3 << 20, 200, 250, 0, 10} {
		b = mem.Reallocate(size, b)
		if size > 0 && address(b)%64 != 0 {
			t.Errorf("%d bytes at %#x", size, address(b))
		}
		want = append(want[:min(len(want), size)], make([]byte, max(0, size-len(want)))...)
		if !bytes.Equal(b, want) {
			t.Fatalf("step %d, to %d bytes: other contents", i, size)
		}
		fill(b, byte(i))
		copy(want, b)
	}
	mem.Free(b)
}

// TestShrink: a buffer that became shorter can become longer again without moving. The added
// bytes are zero.
func TestShrink(t *testing.T) {
	alloctest.EachMode(t, func(t *testing.T, heap *alloc.Allocator) {
		mem := arrowmem.New(heap)
		for _, size := range []int{100, 5000, 64 << 10, 1 << 20} {
			b := mem.Allocate(size)
			fill(b, 1)
			want := bytes.Clone(b)
			for _, n := range []int{size - 1, size / 2, 1, 0} {
				short := mem.Reallocate(n, b)
				if len(short) != n || cap(short) != size || address(short) != address(b) {
					t.Fatalf("from %d bytes to %d: length %d, capacity %d at %#x, was at %#x",
						size, n, len(short), cap(short), address(short), address(b))
				}
				if !bytes.Equal(short[:size], want) {
					t.Fatalf("from %d bytes to %d: other contents", size, n)
				}
				b = short
			}
			b = mem.Reallocate(size, b)
			if bytes.Count(b, []byte{0}) != size {
				t.Errorf("what is added up to %d bytes is not zero", size)
			}
			mem.Free(b)
		}
	})
}

func TestPanics(t *testing.T) { alloctest.EachMode(t, testPanics) }

func testPanics(t *testing.T, heap *alloc.Allocator) {
	mem := arrowmem.New(heap)
	freed := mem.Allocate(100)
	mem.Free(freed)
	live := mem.Allocate(1000)
	defer mem.Free(live)
	misuse := new(*alloc.MisuseError)
	lack := new(*alloc.Error)
	for _, test := range []struct {
		name string
		do   func()
		want any
	}{
		{"freed twice", func() { mem.Free(freed) }, misuse},
		{"grown after it was freed", func() { mem.Reallocate(1000, freed) }, misuse},
		{"cut at its front", func() { mem.Free(live[64:]) }, misuse},
		{"of the Go heap", func() { mem.Free(make([]byte, 64)) }, misuse},
		{"negative", func() { mem.Allocate(-1) }, lack},
		{"huge", func() { mem.Allocate(math.MaxInt - 100) }, lack},
		{"rounding overflows", func() { mem.Allocate(math.MaxInt) }, lack},
		{"grown too far", func() { mem.Reallocate(math.MaxInt, live) }, lack},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				err, _ := recover().(error)
				if err == nil || !errors.As(err, test.want) {
					t.Errorf("it ends with %v", err)
				}
			}()
			test.do()
		})
	}
}
