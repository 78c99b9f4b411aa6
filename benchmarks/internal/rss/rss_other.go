// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package rss

// Supported says whether Current and Peak work here.
const Supported = false

// Current is the resident set in bytes.
func Current() (int64, error) { return 0, ErrUnsupported }

// Peak is the largest resident set that the process has had so far, in bytes.
func Peak() (int64, error) { return 0, ErrUnsupported }

// Of is the resident set of another process, and the largest that it has had so far, in bytes.
func Of(pid int) (current, peak int64, err error) { return 0, 0, ErrUnsupported }

// ResetPeak begins the peak anew.
func ResetPeak() error { return ErrUnsupported }
