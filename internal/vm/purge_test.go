// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
)

func TestPurge(t *testing.T) {
	var s Space
	start, m := mapIn(t, &s, mib, PageSize())
	fill(start, mib, 7)
	if err := s.Purge(start+mib/4, mib/2, false); err != nil {
		t.Fatal(err)
	}
	check(t, "before the purged range", start, mib/4, 7)
	check(t, "purged range", start+mib/4, mib/2, 0)
	check(t, "after the purged range", start+mib/4*3, mib/4, 7)
	release(t, &s, m)
}

func TestPurgeLazily(t *testing.T) {
	var s Space
	start, m := mapIn(t, &s, mib, PageSize())
	fill(start, mib, 7)
	if err := s.Purge(start, mib, true); err != nil {
		t.Fatal(err)
	}
	for at := start; at < start+mib; at += PageSize() {
		if b := *raw.At[byte](at); b != 7 && b != 0 {
			t.Fatalf("byte %d is %d, neither old nor zero", at-start, b)
		}
	}
	fill(start, mib, 8) // a write makes the page keep its contents
	check(t, "written again", start, mib, 8)
	release(t, &s, m)
}
