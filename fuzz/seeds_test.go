// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"
	"testing"
)

// seeds returns n inputs of various lengths. Their first bytes, which select the options,
// take all values that matter if n is at least 48. A short run has a third of the inputs.
func seeds(n int) [][]byte {
	if testing.Short() {
		n = (n + 2) / 3
	}
	inputs := make([][]byte, n)
	for i := range inputs {
		r := rand.New(rand.NewPCG(uint64(i), 42))
		b := make([]byte, 64<<(i%7))
		for j := range b {
			b[j] = byte(r.Uint32())
		}
		b[0] = byte(i * 37) // 37 is odd, so low and high bits vary
		inputs[i] = b
	}
	return inputs
}
