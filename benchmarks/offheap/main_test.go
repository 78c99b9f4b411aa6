// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"
)

// TestRuns: every contender can be measured, and its line has a figure for each column.
func TestRuns(t *testing.T) {
	for name, r := range runs {
		for _, contender := range r.contenders {
			o := &options{n: 30_000, d: 10 * time.Millisecond}
			lines, err := r.measure(o, contender)
			if err != nil {
				t.Errorf("%s, %s: %v", name, contender, err)
			}
			for line := range strings.SplitSeq(lines, "\n") {
				if strings.Count(line, "|") != strings.Count(r.header, "|") || !strings.Contains(line, contender) {
					t.Errorf("%s, %s: %q", name, contender, line)
				}
			}
		}
	}
}
