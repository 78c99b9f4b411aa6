// SPDX-License-Identifier: Apache-2.0

package stats

// Stacks are the stacks with the most live memory, as a heap profile estimates them
// from the blocks that were sampled.
type Stacks struct {
	Rate  int     // bytes between samples, on average; 0: sampling is off
	Bytes int64   // live, of all stacks
	Top   []Stack // the most bytes first
}

// A Stack is where live memory was allocated.
type Stack struct {
	Bytes, Objects int64    // live, estimated
	Frames         []string // function and file:line, the innermost first
}
