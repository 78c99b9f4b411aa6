// SPDX-License-Identifier: Apache-2.0

// Package rss reads how much memory of a process is resident, which means backed by physical pages.
package rss

import "errors"

// ErrUnsupported means that the resident set cannot be read on this system.
var ErrUnsupported = errors.New("rss: not supported on this system")
