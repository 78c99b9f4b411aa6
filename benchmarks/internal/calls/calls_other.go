// SPDX-License-Identifier: Apache-2.0

//go:build !linux || !(amd64 || arm64)

package calls

import "os/exec"

// Supported reports whether Run works here.
const Supported = false

// Mark does nothing here.
func Mark() {}

// Run fails on this system.
func Run(*exec.Cmd) (Counts, error) { return nil, ErrUnsupported }
