// SPDX-License-Identifier: Apache-2.0

//go:build (386 || amd64 || arm64) && !ashlar_portable

package goroutine

// ID returns a number that the running goroutine keeps, and that no other has while
// it lives.
func ID() uintptr
