// SPDX-License-Identifier: Apache-2.0

package stats

// Stacks lists the stacks with the most live memory, as a heap profile estimates them
// from sampled blocks.
type Stacks struct {
	Rate  int     // mean bytes between samples; 0 if sampling is off
	Bytes int64   // live bytes of all stacks
	Top   []Stack // the stack with the most bytes first
}

// A Stack is a call stack that allocated live memory.
type Stack struct {
	Bytes, Objects int64    // estimates
	Frames         []string // function and file:line, the innermost first
}
