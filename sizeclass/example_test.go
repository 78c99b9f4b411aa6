// SPDX-License-Identifier: Apache-2.0

package sizeclass_test

import (
	"fmt"

	"github.com/ashlar-go/ashlar/sizeclass"
)

// A cache wants blocks of 32 KiB of payload and some metadata. Putting both in
// one request crosses into the next class; GoodSize tells before it costs
// anything, and how much payload fits the class that is paid for.
func ExampleGoodSize() {
	const payload, metadata = 32 << 10, 64
	fmt.Println(sizeclass.GoodSize(payload))

	good := sizeclass.GoodSize(payload + metadata)
	fmt.Println(good, "of which payload can use", good-metadata)
	// Output:
	// 32768
	// 36864 of which payload can use 36800
}
