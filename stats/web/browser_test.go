package web_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// chromium returns the browser's program. Where there is none the test is skipped, but
// fails where CI is set: there it has to run.
func chromium(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if program, err := exec.LookPath(name); err == nil {
			return program
		}
	}
	const advice = "no Chromium: apt-get install chromium"
	if os.Getenv("CI") != "" {
		t.Fatal(advice)
	}
	t.Skip(advice)
	return ""
}

// browse opens a page in a browser without a window, lets it poll for a few seconds of
// its own time, and returns what it printed.
func browse(t *testing.T, url string, args ...string) string {
	t.Helper()
	program := chromium(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args = slices.Concat(headless(t), []string{"--enable-logging=stderr", "--virtual-time-budget=4500"}, args, []string{url})
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.WaitDelay = 10 * time.Second
	var errout strings.Builder
	cmd.Stderr = &errout
	out, err := cmd.Output()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatalf("%s: %v\n%s", program, err, &errout)
	}
	for line := range strings.Lines(errout.String()) {
		if strings.Contains(line, "CONSOLE") && !strings.Contains(line, "INFO:CONSOLE") {
			t.Errorf("the page complains: %s", line)
		}
	}
	return string(out)
}

// headless returns the arguments of a browser without a window, that keeps to itself.
func headless(t *testing.T) []string {
	return []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
		"--user-data-dir=" + userData(t),
	}
}

// userData returns a folder for a browser's own files, which goes when the test ends: when
// the last of the browser's processes has written what it had to.
func userData(t *testing.T) string {
	dir, err := os.MkdirTemp("", "ashlar-browser")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 100 {
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
	return dir
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
