// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"fmt"
	"testing"
)

// picture returns the states of all kernel pages up to the given one: u(sed), d(irty), c(lean).
func (f *fixture) picture(pages int) (s string) {
	pages *= f.per
	f.Layouts(func(l *Layout) bool {
		for at := 0; at < l.Pages; {
			end, busy, dirty := l.Next(at)
			letter := "c"
			switch {
			case busy:
				letter = "u"
			case dirty:
				letter = "d"
			}
			if at < pages {
				s += fmt.Sprintf("%d%s ", (min(end, pages)-at)/f.per, letter)
			}
			at = end
		}
		s += "| "
		return true
	})
	return s
}

func TestLayouts(t *testing.T) {
	f := newFixture(t)
	if got := f.picture(30); got != "" {
		t.Errorf("the picture of an empty heap is %q", got)
	}
	low := f.dirtied(10 * f.per)
	f.dirtied(3 * f.per)
	high := f.dirtied(7 * f.per)
	f.Free(low, 10*f.per)
	f.purge(true)
	f.Free(high, 7*f.per)
	if got, want := f.picture(30), "10c 3u 7d 10c | "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	f.alloc(MaxRun) // the rest of the chunk, and a new chunk
	f.alloc(MaxRun)
	chunks := 0
	f.Layouts(func(l *Layout) bool { chunks++; return false })
	if chunks != 1 {
		t.Errorf("the walk visited %d chunks after it was stopped", chunks)
	}
	var last uintptr
	f.Layouts(func(l *Layout) bool {
		if l.Start <= last {
			t.Errorf("%#x follows %#x", l.Start, last)
		}
		last = l.Start
		chunks++
		return true
	})
	if got := f.Stats().Chunks; chunks-1 != got {
		t.Errorf("%d layouts of %d chunks", chunks-1, got)
	}
}
