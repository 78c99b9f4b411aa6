// SPDX-License-Identifier: Apache-2.0

package alloctest

import (
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// modes are the names and options of the Allocators on which EachMode runs a test.
var modes = []struct {
	name    string
	options alloc.Options
	needs   vm.Feature
}{
	{"plain", alloc.Options{}, 0},
	{"checked", alloc.Options{Checked: true}, 0},
	{"guarded", alloc.Options{GuardRate: 1}, vm.Guards},
	{"hardened", alloc.Options{Hardening: alloc.Hardening{ZeroOnFree: true, RandomOrder: true, SpanGuards: vm.Able(vm.Guards) && vm.PageSize() <= 8<<10}}, 0},
}

// EachMode runs f as four subtests, on a new plain, checked, guarded and hardened Allocator.
// The guarded one is skipped on platforms without guard pages. A subtest fails if blocks are live at its end. A program whose tests pass in all modes
// relies only on the promises of package alloc: checked and guarded blocks have exactly the
// requested size and alignment, and new blocks hold junk.
func EachMode(t *testing.T, f func(t *testing.T, a *alloc.Allocator)) {
	t.Helper()
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			vm.Require(t, mode.needs)
			a, err := alloc.NewAllocator(mode.options)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if s := a.Stats(); s.Live() != 0 {
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
