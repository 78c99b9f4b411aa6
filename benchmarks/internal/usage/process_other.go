// SPDX-License-Identifier: Apache-2.0

//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package usage

// readProcess returns zeros on this system.
func readProcess() process { return process{} }

// Mappings returns 0, because the system does not list them.
func Mappings() int64 { return 0 }
