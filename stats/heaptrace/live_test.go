// SPDX-License-Identifier: Apache-2.0

package heaptrace

import "testing"

func TestLive(t *testing.T) {
	for _, test := range []struct {
		name             string
		events           []Event
		wrong            bool // whether the last event is refused
		objects, unknown int
	}{
		{"nothing", nil, false, 0, 0},
		{"a pair", []Event{{Op: Malloc, Addr: 16}, {Op: Free, Addr: 16}}, false, 0, 0},
		{"unknown", []Event{{Op: Free, Addr: 16}, {Op: Lift, Addr: 32}, {Op: Realloc, Addr: 48}}, false, 1, 2},
		{"moved", []Event{{Op: Calloc, Addr: 16}, {Op: Lift, Addr: 16, Goroutine: 1}, {Op: Malloc, Addr: 16},
			{Op: Realloc, Addr: 32, Goroutine: 1}}, false, 2, 0},
		{"twice", []Event{{Op: Malloc, Addr: 16}, {Op: Malloc, Addr: 16}}, true, 1, 0},
		{"lifted by another goroutine", []Event{{Op: Malloc, Addr: 16}, {Op: Lift, Addr: 16}, {Op: Realloc, Addr: 16, Goroutine: 1}}, true, 0, 0},
		{"misaligned", []Event{{Op: Memalign, Addr: 16, Align: 32}}, true, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var l Live
			for i := range test.events {
				err := l.Follow(&test.events[i])
				if wrong := test.wrong && i == len(test.events)-1; (err != nil) != wrong {
					t.Errorf("event %d: %v", i, err)
				}
			}
			if l.Objects() != test.objects || l.Unknown != test.unknown {
				t.Errorf("%d objects, %d unknown; want %d, %d", l.Objects(), l.Unknown, test.objects, test.unknown)
			}
		})
	}
}
