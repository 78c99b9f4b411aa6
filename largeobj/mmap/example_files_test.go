// SPDX-License-Identifier: Apache-2.0

//go:build unix && !aix && !ashlar_heap

package mmap_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

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
