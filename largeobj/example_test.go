// SPDX-License-Identifier: Apache-2.0

package largeobj_test

import (
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/largeobj"
)

// A program that frees large objects in bursts gives their memory back at once, and keeps
// nothing for the next burst.
func ExampleOptions() {
	a, err := alloc.NewAllocator(alloc.Options{Large: largeobj.Options{Policy: largeobj.Unmap}})
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := a.MallocBytes(1 << 20)
	if err != nil {
		fmt.Println(err)
		return
	}
	a.FreeBytes(b)
	s := a.Stats()
	fmt.Println(s.Memory.LargeDirty, s.Memory.LargeClean)
	fmt.Println(a.Close())
	// Output:
	// 0 0
	// <nil>
}
