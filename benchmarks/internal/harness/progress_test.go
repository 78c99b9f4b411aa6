// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	var out strings.Builder
	var now time.Duration
	p := newProgress(&out, func() time.Duration { return now }, 2, 30)
	p.begin("first")
	now = 20 * time.Second // the first benchmark was estimated to take 10
	p.end(10)
	p.begin("second")
	p.clear()
	want := "\r\x1b[K[1/2] first, about 30s left\r\x1b[K[2/2] second, about 40s left\r\x1b[K"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestNoProgress(t *testing.T) {
	var p *progress
	p.begin("benchmark")
	p.end(1)
	p.clear()
}
