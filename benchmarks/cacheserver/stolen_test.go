// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"
)

func TestStolen(t *testing.T) {
	ticks, ok := parseSteal([]byte("cpu  4787418 3078209 2625417 3383488 43855 0 32034 56788 0 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n"))
	if ticks != 56788 || !ok {
		t.Errorf("%d, %v", ticks, ok)
	}
	for _, text := range []string{"", "cpu 1 2 3", "intr 1 2 3 4 5 6 7 8 9", "cpu 1 2 3 4 5 6 7 many 9"} {
		if _, ok := parseSteal([]byte(text)); ok {
			t.Errorf("%q has no stolen time", text)
		}
	}
	var s stolen
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	for second, ticks := range []int64{5, 5, 5, 6, 6, 6} {
		s.note(theft{at(second), ticks})
	}
	for seconds, want := range map[[2]int]bool{{0, 1}: true, {0, 2}: true, {2, 3}: false, {1, 4}: false, {3, 5}: true, {4, 6}: false, {-1, 1}: false} {
		if got := s.none(at(seconds[0]), at(seconds[1])); got != want {
			t.Errorf("nothing stolen from %d s to %d s: %v, want %v", seconds[0], seconds[1], got, want)
		}
	}
}
