// SPDX-License-Identifier: Apache-2.0

// Package testbrowser is a test helper. It runs Chromium without a window, for tests of
// pages. Only tests import it.
//
//	Program    finds the browser
//	Arguments  keep the browser without a window, and off the network
//	Run        opens a page once, and returns what the page wrote
package testbrowser

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

// Program returns the path of the browser's program. Without a browser it skips the test.
// If the environment variable CI is set, it fails the test instead.
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

// Arguments returns the arguments that start the browser without a window. The browser asks
// the network for nothing by itself, and keeps its files in a folder that the test removes.
func Arguments(t testing.TB) []string {
	t.Helper()
	return []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
		"--user-data-dir=" + userData(t),
	}
}

// userData returns a folder for the browser's own files. The end of the test removes the
// folder, and retries while the last of the browser's processes still writes to it.
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

// Run opens the page at url with the additional arguments. It returns what the browser
// printed to its standard output, and the lines that the page wrote to its console.
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
