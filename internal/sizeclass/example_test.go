// SPDX-License-Identifier: Apache-2.0

package sizeclass_test

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A size code says in six bits how much of a block was requested. The sum of the size
// codes of a class is enough to know the bytes that were requested of it.
func ExampleClassCodeOf() {
	var class sizeclass.Class
	var codes, blocks uint64
	for _, size := range []int{900, 925, 960} {
		cc := sizeclass.ClassCodeOf(size)
		class = cc.Class()
		codes += uint64(cc.Code())
		blocks++
	}
	held := blocks * uint64(class.Size())
	fmt.Println(held, "bytes held,", class.Requested(codes, blocks), "requested")
	// Output:
	// 2880 bytes held, 2785 requested
}
