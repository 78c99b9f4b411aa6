// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

func ExampleOptions_checked() {
	a, err := alloc.NewAllocator(alloc.Options{Checked: true, Leaks: os.Stderr}) // for tests
	if err != nil {
		fmt.Println(err)
		return
	}
	b := alloc.Must(a.MallocBytes(100))
	*(*byte)(unsafe.Add(unsafe.Pointer(&b[0]), 100)) = 1 // a mistake
	func() {
		defer func() {
			var m *alloc.MisuseError
			if err, ok := recover().(error); ok && errors.As(err, &m) {
				fmt.Printf("%s of a block of %d bytes, found by %s\n", m.Kind, m.Size, m.Op)
			}
		}()
		a.FreeBytes(b)
	}()
	a.FreeBytes(b)
	fmt.Println(a.Close()) // Close lists nothing on os.Stderr
	// Output:
	// buffer overflow of a block of 100 bytes, found by Free
	// <nil>
}

func ExampleMisuseError() {
	a := alloc.Default()
	b := alloc.Must(a.MallocBytes(100))
	defer func() {
		var m *alloc.MisuseError
		err, ok := recover().(error)
		if !ok || !errors.As(err, &m) {
			return
		}
		switch m.Kind {
		case alloc.DoubleFree, alloc.UseAfterFree:
			fmt.Println("somebody has freed the block before")
		case alloc.InvalidPointer, alloc.ForeignPointer, alloc.WrongAllocator:
			fmt.Println("that is no block of this Allocator")
		default:
			fmt.Println(m)
		}
	}()
	a.FreeBytes(b[1:]) // a mistake
	// Output: that is no block of this Allocator
}
