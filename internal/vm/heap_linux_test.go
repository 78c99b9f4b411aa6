// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_heap

package vm

import (
	"os"
	"regexp"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// anonymous returns the bytes of the process's own memory that are in RAM. Pages that were only
// read do not count.
func anonymous(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		t.Skip(err)
	}
	found := regexp.MustCompile(`(?m)^Anonymous: +(\d+) kB$`).FindSubmatch(text)
	if found == nil {
		t.Skip("the kernel does not tell")
	}
	kib, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// readingTakesRAM reports whether the kernel gives RAM to pages that are only read, instead of one page of
// zeros for all of them.
func readingTakesRAM(t *testing.T) bool {
	t.Helper()
	const size = 32 * mib
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	before := anonymous(t)
	sum := byte(0)
	for at := 0; at < size; at += int(PageSize()) {
		sum += memory[at]
	}
	if sum != 0 {
		t.Error("memory of the kernel is not zero")
	}
	read := anonymous(t) - before
	if err := unix.Munmap(memory); err != nil {
		t.Fatal(err)
	}
	return read > size/2
}

// TestReleaseOfClean: releasing memory that nobody wrote does not bring it into RAM, unless reading it
// does. What was written is zero for the next owner.
func TestReleaseOfClean(t *testing.T) {
	const size, written = 256 * mib, 3 * mib
	var s Space
	before := anonymous(t)
	start, m := mapIn(t, &s, size, PageSize())
	fill(start+written, mib, 5)
	release(t, &s, m)
	if got := anonymous(t) - before; got > size/4 && !readingTakesRAM(t) {
		t.Errorf("mapping and releasing %d bytes brought %d into RAM", size, got)
	}
	check(t, "released", start+written-PageSize(), mib+2*PageSize(), 0)
}
