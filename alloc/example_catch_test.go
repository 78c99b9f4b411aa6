// SPDX-License-Identifier: Apache-2.0

//go:build ((unix && !aix) || windows) && !ashlar_heap

package alloc_test

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
)

func ExampleCatch() {
	// One of 5000 is a rate for production; 1 guards all small blocks.
	a, err := alloc.NewAllocator(alloc.Options{GuardRate: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()
	b := alloc.Must(a.MallocBytes(100))
	a.FreeBytes(b)
	err = alloc.Catch(func() { b[5] = 1 }) // a mistake
	var m *alloc.MisuseError
	if errors.As(err, &m) {
		fmt.Printf("%s: byte %d of a block of %d bytes\n", m.Kind, m.Addr-m.Block, m.Size)
	}
	// Output: use after free: byte 5 of a block of 100 bytes
}
