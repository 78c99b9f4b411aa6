// SPDX-License-Identifier: Apache-2.0

//go:build linux && !ashlar_posix && !ashlar_heap

package mmap_test

import (
	"fmt"

	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// A key lies in memory that is locked, in no core dump, between guard pages, and wiped by
// Close.
func ExampleMap_secret() {
	key, err := mmap.Map(32, mmap.MapOptions{Secret: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	copy(key.Bytes(), "not for others")
	if err := key.Protect(mmap.NoAccess); err != nil { // until it is needed
		fmt.Println(err)
		return
	}
	fmt.Println(key.Kind(), key.Len(), key.Close())
	// Output: secret 32 <nil>
}
