// SPDX-License-Identifier: Apache-2.0

// Package rss reads how much memory of this process is resident: backed by physical pages now.
package rss

import "errors"

// ErrUnsupported says that the resident set cannot be read on this system.
var ErrUnsupported = errors.New("rss: not supported on this system")
