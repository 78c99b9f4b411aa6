// SPDX-License-Identifier: Apache-2.0

//go:build ((unix && !aix) || windows) && !ashlar_heap

package wazeromem

import (
	"fmt"
)

func Example() {
	var memories Allocator
	m := memories.Allocate(64<<10, 1<<30)
	b := m.Reallocate(64 << 10)
	b[0] = 7
	b = m.Reallocate(1 << 20)
	fmt.Println(len(b), b[0], memories.Committed())
	m.Free()
	fmt.Println(memories.Committed(), memories.Reserved())
	// Output:
	// 1048576 7 1048576
	// 0 0
}
