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
