// Package chromium is a browser without a window, for tests of pages.
//
//	Program    where it is
//	Arguments  what has it keep to itself
//	Run        opens a page once, and returns what came of it
package chromium

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// Program returns the browser's program. Where there is none the test is skipped, but
// fails where CI is set: there it has to run.
func Program(t testing.TB) string {
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

// Arguments returns the arguments of a browser without a window, that keeps to itself.
func Arguments(t testing.TB) []string {
	t.Helper()
	return []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
		"--user-data-dir=" + userData(t),
	}
}

// userData returns a folder for a browser's own files, which goes when the test ends: when
// the last of the browser's processes has written what it had to.
func userData(t testing.TB) string {
	t.Helper()
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

// Run opens a page, with more arguments before its address, and returns what the browser
// printed, and what it said of the page's console, line by line.
func Run(t testing.TB, url string, args ...string) (printed string, console []string) {
	t.Helper()
	program := Program(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, slices.Concat(Arguments(t), []string{"--enable-logging=stderr"}, args, []string{url})...)
	cmd.WaitDelay = 10 * time.Second
	var errout strings.Builder
	cmd.Stderr = &errout
	out, err := cmd.Output()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatalf("%s: %v\n%s", program, err, &errout)
	}
	for line := range strings.Lines(errout.String()) {
		if strings.Contains(line, "CONSOLE") {
			console = append(console, line)
		}
	}
	return string(out), console
}
