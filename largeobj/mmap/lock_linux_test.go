// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// LockRange locks the pages of the range and no others. Resize fails until all pages or
// none are locked.
func TestLockRange(t *testing.T) {
	balanced(t)
	page := os.Getpagesize()
	r := closeLater(t, mapped(t, 8*page), nil)
	locked := func(i int) bool { return strings.Contains(flagsAt(t, r.base()+uintptr(i*page)), " lo ") }
	want := func(when string, pages ...bool) {
		t.Helper()
		for i, want := range pages {
			if locked(i) != want {
				t.Errorf("%s: page %d is locked: %v", when, i, !want)
			}
		}
	}
	must(t, r.LockRange(2*page+1, page))
	want("LockRange", false, false, true, true, false)
	if Regions()[0].Locked {
		t.Error("Regions says that all is locked")
	}
	if err := r.Resize(100 * page); !errors.Is(err, ErrMixed) || r.Len() != 8*page {
		t.Errorf("Resize: %v, %d bytes", err, r.Len())
	}
	must(t, r.Lock())
	must(t, r.Resize(100*page))
	want("Lock", true, true, true, true, true)
	must(t, r.UnlockRange(0, page))
	want("UnlockRange", false, true, true)
	must(t, r.Unlock())
	must(t, r.Resize(page))
	want("Unlock", false)
}
