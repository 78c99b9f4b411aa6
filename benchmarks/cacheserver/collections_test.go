// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"testing"
	"time"
)

func TestCollections(t *testing.T) {
	var rest bytes.Buffer
	c := collections{rest: &rest}
	for _, part := range []string{
		"gc 1 @0.500s 0%: 0.1+499.8+0.1 ms clock, 0.008+0/0.9/0+0.017 ms cpu, 4->4->2 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 1 P\n",
		"a mess", "age\ngc 2 @9", ".250s 3%: 0+500+0 ms clock, 0 ms cpu\n",
	} {
		if n, err := c.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if rest.String() != "a message\n" {
		t.Errorf("the other lines are %q", rest.String())
	}
	const second = time.Second
	for at, want := range map[interval]bool{
		{0, second / 2}:                        false,
		{0, second}:                            true,
		{second * 3 / 5, second * 7 / 10}:      true,
		{second, 2 * second}:                   false,
		{9 * second, 10 * second}:              true,
		{9750 * time.Millisecond, 10 * second}: false,
	} {
		if got := c.during(at); got != want {
			t.Errorf("a collection from %v to %v: %v, want %v", at.from, at.to, got, want)
		}
	}
}
