// SPDX-License-Identifier: Apache-2.0

//go:build ((unix && !aix) || windows) && !ashlar_heap

package mmap_test

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// A table that is complete becomes read-only. A write to it by mistake is a fault, which
// Catch turns into an error.
func ExampleRegion_Protect() {
	r, err := mmap.Map(1<<20, mmap.MapOptions{Options: mmap.Options{Name: "primes"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	copy(r.Bytes(), []byte{2, 3, 5, 7, 11})
	if err := r.Protect(mmap.ReadOnly); err != nil {
		fmt.Println(err)
		return
	}
	err = r.Catch(func(b []byte) error {
		fmt.Println("the third prime is", b[2])
		b[2] = 4
		return nil
	})
	fmt.Println(errors.Is(err, mmap.ErrFault))
	// Output:
	// the third prime is 5
	// true
}
