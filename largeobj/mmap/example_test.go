// SPDX-License-Identifier: Apache-2.0

package mmap_test

import (
	"fmt"

	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// A region is memory outside the Go heap. Its bytes are an ordinary slice.
func ExampleMap() {
	r, err := mmap.Map(1<<20, mmap.MapOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	copy(r.Bytes(), "squared stone")
	if err := r.Resize(64 << 20); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s, and %d bytes\n", r.Bytes()[:13], r.Len())
	fmt.Println(r.Close())
	// Output:
	// squared stone, and 67108864 bytes
	// <nil>
}
