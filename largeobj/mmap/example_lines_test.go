// SPDX-License-Identifier: Apache-2.0

//go:build ((unix && !aix) || windows) && !ashlar_heap

package mmap_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// countLines counts the lines of a file without reading it into a buffer: it looks at the
// bytes where the kernel has them. If the file becomes shorter meanwhile, that is an
// error, and no crash.
func countLines(path string) (lines int, err error) {
	r, err := mmap.MapFile(path, mmap.FileOptions{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.Advise(mmap.AdviseSequential); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return 0, err // without the advice it is only slower
	}
	err = r.Catch(func(text []byte) error {
		lines = bytes.Count(text, []byte{'\n'})
		return nil
	})
	return lines, err
}

func ExampleMapFile() {
	path := filepath.Join(os.TempDir(), "ashlar-example-"+strconv.Itoa(os.Getpid()))
	defer os.Remove(path)
	if err := os.WriteFile(path, []byte("a course of ashlar\nof squared stone\nwithout gaps\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(countLines(path))
	// Output: 3 <nil>
}

// The same works with a file that is too large to be read into memory.
func TestCountLinesOfLargeFile(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a file of 256 MiB")
	}
	const size = 256 << 20
	path := filepath.Join(t.TempDir(), "large")
	want := writeLines(t, path, size)
	if got, err := countLines(path); err != nil || got != want {
		t.Errorf("%d lines, want %d: %v", got, want, err)
	}
}

// writeLines writes a file of lines of mixed lengths, at least size bytes long, and
// returns the number of lines.
func writeLines(t testing.TB, path string, size int) (lines int) {
	t.Helper()
	var block []byte
	for i := 0; len(block) < 1<<20; i++ {
		block = append(block, "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789"[:i*7%80]...)
		block = append(block, '\n')
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for written := 0; written < size; written += len(block) {
		if _, err := f.Write(block); err != nil {
			t.Fatal(err)
		}
		lines += bytes.Count(block, []byte{'\n'})
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return lines
}
