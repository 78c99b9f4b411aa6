// SPDX-License-Identifier: Apache-2.0

package sizeclass_test

import (
	"fmt"

	"github.com/ashlar-go/ashlar/sizeclass"
)

// A cache stores 32 KiB of payload and 64 bytes of metadata in one block. The sum needs a
// block of the next class. GoodSize shows this before memory is allocated, and how much
// payload such a block can hold.
func ExampleGoodSize() {
	const payload, metadata = 32 << 10, 64
	fmt.Println(sizeclass.GoodSize(payload))

	good := sizeclass.GoodSize(payload + metadata)
	fmt.Println(good, "of which payload can use", good-metadata)
	// Output:
	// 32768
	// 36864 of which payload can use 36800
}
