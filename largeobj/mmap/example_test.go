// SPDX-License-Identifier: Apache-2.0

package mmap_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

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

// Catch, the function, covers accesses to several regions: here a copy out of a file that
// has become shorter.
func ExampleCatch() {
	path := filepath.Join(os.TempDir(), "ashlar-example-copy-"+strconv.Itoa(os.Getpid()))
	defer os.Remove(path)
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	from, err := mmap.MapFile(path, mmap.FileOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer from.Close()
	to, err := mmap.Map(from.Len(), mmap.MapOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer to.Close()
	if err := os.Truncate(path, 0); err != nil {
		fmt.Println(err)
		return
	}
	err = mmap.Catch(func() error {
		copy(to.Bytes(), from.Bytes())
		return nil
	})
	fmt.Println(errors.Is(err, mmap.ErrTruncated))
	// Output: true
}

// A window that is longer than the file shows what is appended to the file later, without
// Resize. Some databases keep one such mapping while their file grows.
func ExampleMapOpenFile() {
	f, err := os.CreateTemp("", "ashlar-example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(f.Name())
	defer f.Close()
	r, err := mmap.MapOpenFile(f, mmap.FileOptions{Length: 64 << 20, Beyond: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	for _, text := range []string{"one course, ", "another"} {
		if _, err := f.WriteString(text); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("%s\n", r.Bytes()[:19])
	// Output: one course, another
}

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

// A file becomes shorter while it is mapped. An access to the bytes that are gone is an
// error.
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
