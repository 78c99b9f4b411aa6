// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"slices"
	"testing"
)

// TestEvict: a full table removes stacks without live samples for new stacks. It keeps
// stacks that have live samples, that are used again and again, or that were given away.
// The sums stay complete.
func TestEvict(t *testing.T) {
	tab := open(t)
	const rounds = 3 * maxStacks
	hot, leaked, given := path(0, 16), path(1, 16), path(2, 16)
	stack := tab.Stack(0, given)
	pcs := slices.Clone(stack.PCs())
	if !tab.Add(Sample{Addr: 16, Size: 64, Weight: 1}, leaked) {
		t.Fatal("a sample was dropped")
	}
	for n := range uint(rounds) {
		for _, stack := range [][]uintptr{hot, path(3+n, 16)} {
			if !tab.Add(Sample{Addr: 32, Size: 64, Weight: 2}, stack) {
				t.Fatalf("the sample of stack %d was dropped", n)
			}
			tab.Remove(32)
		}
	}
	u, sum := tab.Usage(), 0.0
	sums := map[float64]int{}
	for _, l := range tab.Lines(0, nil) {
		sum += l.AllocObjects
		sums[l.AllocObjects]++
	}
	if u.Stacks > maxStacks || u.Dropped.Samples != 0 {
		t.Errorf("%+v", u)
	}
	if want := float64(1 + 4*rounds); sum+u.Dropped.Objects != want {
		t.Errorf("%v blocks in stacks and %v dropped, want %v", sum, u.Dropped.Objects, want)
	}
	if sums[2*rounds] != 1 || sums[1] != 1 {
		t.Error("the stack that is used all the time, or the one with a live sample, was evicted")
	}
	if !slices.Equal(stack.PCs(), pcs) {
		t.Error("a stack that was given away has changed")
	}
	check(t, tab)
}
