// SPDX-License-Identifier: Apache-2.0

package goroutine

import "runtime"

// Number returns the number of the running goroutine in the runtime's stack traces. It
// takes some microseconds.
func Number() uint64 {
	var stack [64]byte // begins with "goroutine 123 [running]:"
	text := stack[len("goroutine "):runtime.Stack(stack[:], false)]
	n := uint64(0)
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			break
		}
		n = 10*n + uint64(digit-'0')
	}
	return n
}
