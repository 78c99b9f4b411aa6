// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// TestLeaks: Close reports the live blocks with their stacks, the largest sum of bytes
// first. It reports nothing if no block is live, and nothing the second time.
func TestLeaks(t *testing.T) {
	for name, c := range map[string]struct {
		rate   int
		use    func(*testing.T, *alloc.Allocator)
		report string // regular expression; empty: no report
	}{
		"nothing": {1, func(t *testing.T, a *alloc.Allocator) {}, ""},
		"all freed": {1, func(t *testing.T, a *alloc.Allocator) {
			free(a, pages(t, a, 10))
			free(a, slabs(t, a, 2))
		}, ""},
		"some left": {1, func(t *testing.T, a *alloc.Allocator) {
			free(a, pages(t, a, 10)[2:])
			crumbs(t, a, 3)
			slabs(t, a, 1)
		}, `(?s)^ashlar: 6 blocks of 1\.01 MiB are live\n\n +1\.00 MiB in 1 blocks, allocated by\n.*\.slabs .*\n\n` +
			` +8\.00 KiB in 2 blocks, allocated by\n.*\.pages .*\n\n +192 B in 3 blocks, allocated by\n.*\.crumbs .*TestLeaks`},
		"unsampled": {-1, func(t *testing.T, a *alloc.Allocator) { pages(t, a, 3) },
			`^ashlar: 3 blocks of 12\.0 KiB are live\n`},
	} {
		t.Run(name, func(t *testing.T) {
			var report bytes.Buffer
			a, err := alloc.NewAllocator(alloc.Options{Decay: -1, Leaks: &report})
			if err != nil {
				t.Fatal(err)
			}
			a.Profile().SetRate(c.rate)
			c.use(t, a)
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			once := report.String()
			if c.report == "" && once != "" || !regexp.MustCompile(c.report).MatchString(once) {
				t.Errorf("the report is\n%s\nwant %s", once, c.report)
			}
			if strings.Contains(once, "alloc.(*Allocator)") {
				t.Errorf("the report shows the allocator's own frames:\n%s", once)
			}
			_ = a.Close()
			if report.String() != once {
				t.Error("a second Close reports again")
			}
		})
	}
}
