// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package mmap

import "testing"

// openFiles returns 0: there is no list of the descriptors of the process.
func openFiles(*testing.T) int { return 0 }
