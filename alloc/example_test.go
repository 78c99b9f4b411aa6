// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

func Example() {
	var a alloc.Allocator // the zero value is ready
	b, err := a.MallocBytes(1000)
	if err != nil {
		fmt.Println(err)
		return
	}
	n := copy(b, "squared stone")
	fmt.Printf("%s, in %d bytes\n", b[:n], len(b))
	a.FreeBytes(b)
	fmt.Println(a.Close())
	// Output:
	// squared stone, in 1000 bytes
	// <nil>
}

func ExampleAllocator_ReallocBytes() {
	a := alloc.Default()
	line, err := a.CallocBytes(4) // zeroed
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { a.FreeBytes(line) }() // FreeBytes finds the block by its start, whatever its capacity is
	copy(line, "ab")
	if line, err = a.ReallocBytes(line, 6); err != nil {
		fmt.Println(err)
		return
	}
	copy(line[4:], "cd") // the added bytes are unspecified until then
	fmt.Printf("%q\n", line)
	// Output: "ab\x00\x00cd"
}

func ExampleAllocator_Malloc() {
	a := alloc.Default()
	p, err := a.Malloc(1000)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Free(p)
	b := unsafe.Slice((*byte)(p), alloc.UsableSize(p)) // all of the block may be used
	fmt.Println(len(b))
	// Output: 1024
}

func ExampleMust() {
	type point struct{ X, Y float64 }
	p := alloc.Must(alloc.New[point](alloc.Default()))
	p.X = 3
	fmt.Println(*p)
	alloc.Free(alloc.Default(), p)
	// Output: {3 0}
}

func ExampleNew() {
	type point struct{ X, Y float64 }
	p, err := alloc.New[point](alloc.Default())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer alloc.Free(alloc.Default(), p)
	p.X = 3
	fmt.Println(*p)

	_, err = alloc.New[*point](alloc.Default())
	fmt.Println(errors.Is(err, alloc.ErrHasPointers))
	// Output:
	// {3 0}
	// true
}

func ExampleMakeSlice() {
	a := alloc.Default()
	s, err := alloc.MakeSlice[int](a, 0, 3)
	for i := 0; err == nil && i < 5; i++ {
		s, err = alloc.Append(a, s, i*i)
	}
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(s)
	alloc.FreeSlice(a, s)
	// Output: [0 1 4 9 16]
}

func ExampleResize() {
	a := alloc.Default()
	s, err := alloc.MakeSlice[byte](a, 4, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	copy(s, "abcd")
	if s, err = alloc.Resize(a, s, 6); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%q\n", s) // the added bytes are zero
	alloc.FreeSlice(a, s)
	// Output: "abcd\x00\x00"
}

func ExampleAllocator_NewLocal() {
	var a alloc.Allocator
	defer a.Close()
	done := make(chan unsafe.Pointer)
	go func() {
		l := a.NewLocal() // only this goroutine uses it
		defer l.Close()
		p, err := l.Malloc(64)
		if err != nil {
			fmt.Println(err)
		}
		done <- p
	}()
	a.Free(<-done) // any goroutine may free the block
	fmt.Println("freed")
	// Output: freed
}

func ExampleAllocator_Realloc() {
	a := alloc.Default()
	p, err := a.Malloc(16)
	if err != nil {
		fmt.Println(err)
		return
	}
	copy(unsafe.Slice((*byte)(p), 16), "kept")
	if q, err := a.Realloc(p, 1<<20); err == nil { // after an error p is unchanged
		p = q
	}
	fmt.Printf("%s\n", unsafe.Slice((*byte)(p), 4))
	a.Free(p)
	// Output: kept
}

func ExampleAllocator_Free() {
	a := alloc.Default()
	p, err := a.Malloc(100)
	if err != nil {
		fmt.Println(err)
		return
	}
	a.Free(p)
	defer func() {
		var m *alloc.MisuseError
		if err, ok := recover().(error); ok && errors.As(err, &m) {
			fmt.Printf("%s: %s of a block of %d bytes\n", m.Kind, m.Op, m.Size)
		}
	}()
	a.Free(p) // a mistake
	// Output: double free: Free of a block of 112 bytes
}

func ExampleOptions() {
	a, err := alloc.NewAllocator(alloc.Options{Limit: 1 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()
	_, err = a.Malloc(2 << 20)
	fmt.Println(err)
	fmt.Println(errors.Is(err, alloc.ErrLimit))
	// Output:
	// alloc: Malloc of 2097152 bytes: memory limit reached
	// true
}

// A cache at its limit evicts entries, the oldest first, until an allocation succeeds.
func ExampleOptions_onLimit() {
	var a *alloc.Allocator
	var cache [][]byte
	a, err := alloc.NewAllocator(alloc.Options{
		Limit: 10 << 20,
		OnLimit: func(size int) bool {
			if len(cache) == 0 {
				return false // nothing to evict: the allocation fails
			}
			a.FreeBytes(cache[0])
			cache = cache[1:]
			return true
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()
	for range 100 {
		b, err := a.MallocBytes(1 << 20)
		if err != nil {
			fmt.Println(err)
			return
		}
		cache = append(cache, b)
	}
	fmt.Println(len(cache), "of 100 entries are left")
	// Output: 9 of 100 entries are left
}

func ExampleGoodSize() {
	for _, n := range []int{1, 100, 1000, 32<<10 + 1} {
		fmt.Println(n, alloc.GoodSize(n))
	}
	// Output:
	// 1 16
	// 100 112
	// 1000 1024
	// 32769 36864
}
