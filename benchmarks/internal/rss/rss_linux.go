// SPDX-License-Identifier: Apache-2.0

package rss

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Supported reports whether Current and Peak work here.
const Supported = true

// Current returns the resident set in bytes. It comes from smaps_rollup, which walks the page tables. The
// counters in /proc/self/statm are kept per processor and may lag by some hundred pages.
func Current() (int64, error) { return kibibytes("/proc/self/smaps_rollup", "Rss:") }

// Peak returns the largest resident set that the process has had so far, in bytes.
func Peak() (int64, error) { return kibibytes("/proc/self/status", "VmHWM:") }

// ResetPeak starts a new peak: Peak then returns the largest resident set since this call.
func ResetPeak() error {
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return fmt.Errorf("rss: %w", err)
	}
	return nil
}

// kibibytes reads a field of a /proc file whose lines look like "Name:   123 kB".
func kibibytes(file, field string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("rss: %w", err)
	}
	for line := range bytes.Lines(text) {
		words := bytes.Fields(line)
		if len(words) == 3 && string(words[0]) == field {
			n, err := strconv.ParseInt(string(words[1]), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("rss: no field %s in %s", field, file)
}
