// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"flag"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/internal/testbrowser"
)

// browse opens a page in a browser without a window, lets it poll for a few seconds of
// its own time, and returns what it printed. The page must not complain.
func browse(t *testing.T, url string, args ...string) string {
	t.Helper()
	out, console := testbrowser.Run(t, url, slices.Concat([]string{"--virtual-time-budget=4500"}, args)...)
	for _, line := range console {
		if !strings.Contains(line, "INFO:CONSOLE") {
			t.Errorf("the page complains: %s", line)
		}
	}
	return out
}

// keeps reports whether the test was asked to keep artifacts.
func keeps() bool {
	f := flag.Lookup("test.artifacts")
	return f != nil && f.Value.String() == "true"
}

// artifact returns a file to keep something in: with go test -artifacts of Go 1.26 it
// stays, without it goes when the test ends.
func artifact(t *testing.T, name string) string {
	dir := ""
	if keeper, ok := any(t).(interface{ ArtifactDir() string }); ok {
		dir = keeper.ArtifactDir()
	} else {
		dir = t.TempDir()
	}
	return filepath.Join(dir, name)
}
