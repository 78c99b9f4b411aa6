// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"slices"
	"strings"
	"testing"
)

// TestSameFrames: stacks that differ only by program counters are one stack. Stacks that
// differ by a line are two.
func TestSameFrames(t *testing.T) {
	tab := open(t)
	var stacks [][]uintptr
	stacks = append(stacks, here(), here()) // two calls on one line
	stacks = append(stacks, here())
	if slices.Equal(stacks[0], stacks[1]) {
		t.Fatal("both calls of one line have the same program counter, so this test shows nothing")
	}
	for i := range uintptr(3000) {
		tab.Add(Sample{Addr: 16 * (i + 1), Size: 64, Weight: 1}, stacks[i%3])
	}
	got := lines(tab, 0)
	if u := tab.Usage(); u.Stacks != 2 || len(got) != 2 {
		t.Fatalf("%d stacks, %d lines; want 2", u.Stacks, len(got))
	}
	for _, l := range got {
		if l.LiveObjects != 1000 && l.LiveObjects != 2000 {
			t.Errorf("%v objects, want 1000 or 2000", l.LiveObjects)
		}
	}
}

// TestSameFramesBoundMemory: a stack with ever new program counters takes no more memory
// than once.
func TestSameFramesBoundMemory(t *testing.T) {
	tab := open(t)
	add := func(pcs []uintptr) {
		tab.Add(Sample{Addr: 16, Size: 64, Weight: 1}, pcs)
		tab.Remove(16)
	}
	base := here()
	add(base)
	once := tab.Usage().Bytes
	for n := range uintptr(1 << 10) { // a program counter near that of the call, on the same line or close to it
		moved := slices.Clone(base)
		moved[0] = base[0] - n%3
		moved[len(moved)-1] = base[len(base)-1] - n%2
		add(moved)
	}
	if u := tab.Usage(); u.Stacks > 3 || u.Bytes > once+3*1024 {
		t.Errorf("%d stacks, %d bytes; one took %d", u.Stacks, u.Bytes, once)
	}
}

// TestFrames: Frames leaves out the allocator's own frames, which come first. It keeps
// the user's frames, even if their names are similar.
func TestFrames(t *testing.T) {
	var names []string
	for f := range Frames(path(5, 3)) {
		names = append(names, f.Function[strings.LastIndex(f.Function, ".")+1:])
	}
	want := []string{"path", "path", "path", "path", "TestFrames", "tRunner"}
	if len(names) < len(want) || !slices.Equal(names[:len(want)], want) {
		t.Errorf("frames %q, want %q first", names, want)
	}
	for range Frames(nil) {
		t.Error("no program counters have a frame")
	}
	for f := range Frames(here()) { // stopped early
		if !strings.HasSuffix(f.Function, "TestFrames") {
			t.Errorf("the first frame is %s", f.Function)
		}
		break
	}
}
