// SPDX-License-Identifier: Apache-2.0

package memory_test

import (
	"fmt"

	"modernc.org/memory"
)

func Example() {
	var a memory.Allocator
	b, err := a.Calloc(100)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(b), cap(b), memory.UsableSize(&b[0]))
	fmt.Println(a.Free(b), a.Close())
	// Output:
	// 100 112 112
	// <nil> <nil>
}
