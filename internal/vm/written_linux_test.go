// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// TestWritten: pages count as written from the first write on, until they are purged. Reading them is not
// enough, and one page that was not written suffices for no.
func TestWritten(t *testing.T) {
	if !writtenWorks() {
		t.Skip("the kernel does not tell which pages were written")
	}
	s := Space{Unannotated: true}
	base, m := mapIn(t, &s, mib, PageSize())
	defer release(t, &s, m)
	page := func(i uintptr) uintptr { return base + i*PageSize() }
	is := func(when string, want bool, pages ...uintptr) {
		t.Helper()
		if got, err := s.Written(pages); got != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", when, got, err, want)
		}
	}
	is("new", false, page(3))
	if *raw.At[byte](page(3)) != 0 {
		t.Error("not zero")
	}
	is("read", false, page(3))
	*raw.At[byte](page(3)) = 1
	*raw.At[byte](page(5)) = 0
	is("written", true, page(3), page(5))
	is("with a neighbour", false, page(3), page(4), page(5))
	if err := s.Advise(page(4), PageSize(), PopulateWrite); err == nil {
		is("populated", true, page(3), page(4), page(5))
	}
	if err := s.Purge(page(3), PageSize(), false); err != nil {
		t.Fatal(err)
	}
	is("purged", false, page(3))
	is("no pages", true)
}
