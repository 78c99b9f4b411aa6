// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package interleave

import (
	"fmt"
	"strings"
)

// An exception makes a thread run at a step at which another one would have. While an order is
// drawn, nobody knows which one that is. Then thread is −k: the k-th after it.
type exception struct{ step, thread int }

// of returns the thread that e makes run instead of thread next, of n.
func (e exception) of(next, n int) int {
	if e.thread < 0 {
		return (next - e.thread) % n
	}
	return min(e.thread, n-1)
}

// An order lists exceptions by ascending step.
type order []exception

func (o order) String() string {
	var s []string
	for _, e := range o {
		s = append(s, fmt.Sprintf("%d>%d", e.step, e.thread))
	}
	return strings.Join(s, " ")
}

// parse is the inverse of String.
func parse(s string) (order, error) {
	var o order
	for _, f := range strings.Fields(s) {
		var e exception
		if _, err := fmt.Sscanf(f, "%d>%d", &e.step, &e.thread); err != nil {
			return nil, fmt.Errorf("%q is not step>thread", f)
		}
		o = append(o, e)
	}
	return o, nil
}
