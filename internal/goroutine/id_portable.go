// SPDX-License-Identifier: Apache-2.0

//go:build !(386 || amd64 || arm64) || ashlar_portable

package goroutine

import "runtime"

// ID returns a number that the running goroutine keeps, and that no other has while
// it lives.
func ID() uintptr {
	var stack [64]byte // begins with "goroutine 123 [running]:"
	text := stack[len("goroutine "):runtime.Stack(stack[:], false)]
	id := uintptr(0)
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			break
		}
		id = 10*id + uintptr(digit-'0')
	}
	return id
}
