// SPDX-License-Identifier: Apache-2.0

package sizeclass_test

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A fit remembers in six bits how much of a block was asked for. The sum of the
// codes of a class is enough to know the bytes requested of it.
func ExampleFitOf() {
	var class sizeclass.Class
	var codes, blocks uint64
	for _, size := range []int{900, 925, 960} {
		fit := sizeclass.FitOf(size)
		class = fit.Class()
		codes += uint64(fit.Code())
		blocks++
	}
	held := blocks * uint64(class.Size())
	fmt.Println(held, "bytes held,", class.Requested(codes, blocks), "requested")
	// Output:
	// 2880 bytes held, 2785 requested
}
