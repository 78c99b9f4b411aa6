// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A page is kept for one tick and purged at the second.
func TestAge(t *testing.T) {
	f := newFixture(t)
	n := f.per
	f.alloc(n) // keeps the chunk
	old := f.dirtied(10 * n)
	young := f.dirtied(20 * n)
	f.Free(old, 10*n)
	if n := f.purge(false); n != 0 {
		t.Errorf("the first tick purged %d pages", n)
	}
	f.Free(young, 20*n)
	if got := f.purge(false); got != int64(10*n) {
		t.Errorf("the second tick purged %d pages, want the %d old ones", got, 10*n)
	}
	f.expect("after two ticks", 1, n, 20*n)
	if b := *raw.At[byte](old); b != 0 {
		t.Errorf("a purged page holds %#x", b)
	}
	if b := *raw.At[byte](young); b != 0xee {
		t.Errorf("a page freed since the last tick was purged")
	}
	if got := f.purge(false); got != int64(20*n) {
		t.Errorf("the third tick purged %d pages, want %d", got, 20*n)
	}
	f.expect("after three ticks", 1, n, 0)
}

// A page that is used again counts as new when it is freed.
func TestAgeOfReusedPage(t *testing.T) {
	f := newFixture(t)
	f.alloc(1)
	addr := f.dirtied(10)
	f.Free(addr, 10)
	f.purge(false)
	if again := f.dirtied(10); again != addr {
		t.Fatal("the dirty run was not reused")
	}
	f.Free(addr, 10)
	if n := f.purge(false); n != 0 {
		t.Errorf("%d pages were purged at their first tick", n)
	}
}

func TestPurgeAll(t *testing.T) {
	f := newFixture(t)
	n := 10 * f.per
	f.alloc(f.per)
	f.Free(f.dirtied(n), n)
	if got := f.purge(true); got != int64(n) {
		t.Errorf("%d pages were purged, want all %d", got, n)
	}
	if addr, clean := f.alloc(n); !clean || *raw.At[byte](addr) != 0 {
		t.Errorf("the purged pages are not clean")
	}
}

// One empty chunk is kept for the next use, until Purge(true).
func TestEmptyChunks(t *testing.T) {
	f := newFixture(t)
	var runs []uintptr
	for range 6 {
		runs = append(runs, f.dirtied(MaxRun))
	}
	f.expect("in use", 3, 6*MaxRun, 0)
	for _, addr := range runs {
		f.Free(addr, MaxRun)
	}
	f.purge(false)
	f.expect("after a tick", 3, 0, 6*MaxRun)
	f.purge(false)
	f.expect("after two", 1, 0, 0)
	f.purge(true)
	f.expect("after all was purged", 0, 0, 0)
	if n := f.space.Mapped.Now(); n != 0 {
		t.Errorf("%d bytes are still mapped", n)
	}
	f.alloc(1)
	f.expect("in use again", 1, 1, 0)
}
