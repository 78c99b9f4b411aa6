// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package rss

// Supported reports whether Current and Peak work here.
const Supported = false

// Current returns the resident set in bytes.
func Current() (int64, error) { return 0, ErrUnsupported }

// Peak returns the largest resident set that the process has had so far, in bytes.
func Peak() (int64, error) { return 0, ErrUnsupported }

// Of returns the resident set of another process, and its peak so far, in bytes.
func Of(pid int) (current, peak int64, err error) { return 0, 0, ErrUnsupported }

// ResetPeak starts a new peak.
func ResetPeak() error { return ErrUnsupported }
