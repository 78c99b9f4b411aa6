// SPDX-License-Identifier: Apache-2.0

package largeobj_test

import (
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// The allocator is the third use of mappings: what it serves from 128 KiB on are
// mappings, one for each object, which grow without being copied.
func Example_allocator() {
	var a alloc.Allocator
	p, err := a.Malloc(1 << 20)
	if err != nil {
		fmt.Println(err)
		return
	}
	unsafe.Slice((*byte)(p), 1<<20)[5] = 7
	p, err = a.Realloc(p, 64<<20)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(unsafe.Slice((*byte)(p), 64<<20)[5])
	a.Free(p)
	fmt.Println(a.Close())
	// Output:
	// 7
	// <nil>
}
