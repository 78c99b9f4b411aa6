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

// browse opens a page in a headless browser and lets it poll for a few seconds of virtual
// time. It returns the browser's output. It fails the test if the page logs an error.
func browse(t *testing.T, url string, args ...string) string {
	t.Helper()
	out, console := testbrowser.Run(t, url, slices.Concat([]string{"--virtual-time-budget=4500"}, args)...)
	for _, line := range console {
		if !strings.Contains(line, "INFO:CONSOLE") {
			t.Errorf("the page logs an error: %s", line)
		}
	}
	return out
}

// keeps reports whether the test was started with -artifacts.
func keeps() bool {
	f := flag.Lookup("test.artifacts")
	return f != nil && f.Value.String() == "true"
}

// artifact returns the path of a file for output of the test. With go test -artifacts (Go
// 1.26) the file is kept; otherwise it is removed at the end of the test.
func artifact(t *testing.T, name string) string {
	dir := ""
	if keeper, ok := any(t).(interface{ ArtifactDir() string }); ok {
		dir = keeper.ArtifactDir()
	} else {
		dir = t.TempDir()
	}
	return filepath.Join(dir, name)
}
