// SPDX-License-Identifier: Apache-2.0

package alloctest

import (
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/stats"
)

// modes are the options of the Allocators that EachMode runs tests on, by name.
var modes = []struct {
	name    string
	options alloc.Options
}{
	{"plain", alloc.Options{}},
	{"checked", alloc.Options{Checked: true}},
	{"guarded", alloc.Options{GuardRate: 1}},
	{"hardened", alloc.Options{Hardening: alloc.Hardening{ZeroOnFree: true, RandomOrder: true, SpanGuards: true}}},
}

// EachMode runs f as subtests, on an ordinary, a checked, a guarded and a hardened
// Allocator, each of which is new. It fails those after which blocks are live. Programs
// whose tests pass on all of them keep to what package alloc promises, and to no more:
// checked and guarded blocks have exactly the size and the alignment requested, and hold
// junk.
func EachMode(t *testing.T, f func(t *testing.T, a *alloc.Allocator)) {
	t.Helper()
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			a, err := alloc.NewAllocator(mode.options)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				var s stats.Snapshot
				if a.Stats(&s); s.Live() != 0 {
					t.Errorf("alloctest: %d blocks are live at the end", s.Live())
				}
				if err := a.Close(); err != nil {
					t.Error(err)
				}
			})
			f(t, a)
		})
	}
}
