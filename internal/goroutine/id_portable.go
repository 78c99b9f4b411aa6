// SPDX-License-Identifier: Apache-2.0

//go:build !(386 || amd64 || arm64) || ashlar_portable

package goroutine

// ID returns the number of the running goroutine. It stays the same, and no other goroutine
// has it at the same time.
func ID() uintptr { return uintptr(Number()) }
