// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestSoak runs a short soak with each profile and GOMAXPROCS up to 64.
func TestSoak(t *testing.T) {
	for i, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			c := soakConfig{
				duration: 400 * time.Millisecond, seed: uint64(i), profile: p.name,
				workers: 6, procs: 64, faults: true, limits: true,
			}
			if testing.Short() {
				c.duration /= 4
			}
			if err := soak(c, io.Discard); err != nil {
				t.Errorf("%v\n%v", err, c)
			}
		})
	}
}

// TestSoakOperations: a soak ends after the requested number of operations and prints its
// totals.
func TestSoakOperations(t *testing.T) {
	var out strings.Builder
	c := soakConfig{duration: time.Minute, operations: 1000, seed: 1, profile: "small", workers: 2, progress: time.Hour}
	if err := soak(c, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{c.String(), "operations", "no violations", "audits of everything"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the summary does not contain %q:\n%s", want, out.String())
		}
	}
}

// TestSoakProfile: a soak with an unknown profile returns an error.
func TestSoakProfile(t *testing.T) {
	if soak(soakConfig{duration: time.Second, profile: "heavy", workers: 1}, os.Stdout) == nil {
		t.Error("a soak with an unknown profile returned no error")
	}
}
