// SPDX-License-Identifier: Apache-2.0

package mmap_test

import (
	"errors"
	"fmt"
	"os"

	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// A region is memory that the garbage collector does not see, and a slice.
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

// A key lives in memory that is locked, in no core dump, between guard pages, and
// wiped when it is closed.
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

// A file that somebody makes shorter is an error where its bytes are gone.
func ExampleRegion_Catch() {
	f, err := os.CreateTemp("", "ashlar-example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := f.Truncate(1 << 20); err != nil {
		fmt.Println(err)
		return
	}
	r, err := mmap.MapFile(f.Name(), mmap.FileOptions{Options: mmap.Options{Name: "the file"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	last := func(b []byte) error { fmt.Println("the last byte is", b[len(b)-1]); return nil }
	fmt.Println(r.Catch(last))
	if err := f.Truncate(0); err != nil {
		fmt.Println(err)
		return
	}
	err = r.Catch(last)
	var fault *mmap.FaultError
	if errors.As(err, &fault) {
		fmt.Println(fault.Offset, fault.Region, errors.Is(err, mmap.ErrTruncated))
	}
	// Output:
	// the last byte is 0
	// <nil>
	// 1048575 the file true
}
