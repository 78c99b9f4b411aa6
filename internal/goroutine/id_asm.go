// SPDX-License-Identifier: Apache-2.0

//go:build (386 || amd64 || arm64) && !ashlar_portable

package goroutine

// ID returns a number that identifies the running goroutine. It never changes, and no
// other goroutine has it at the same time.
func ID() uintptr
