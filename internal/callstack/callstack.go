// SPDX-License-Identifier: Apache-2.0

// Package callstack tells stacks of calls apart, cheaply.
//
// A sample of the heap profile needs the stack that allocated, and most samples have a stack
// that an earlier sample had. The runtime takes microseconds to unwind a stack, because it
// looks up the size and the inlined calls of every frame. On some architectures Go's compiler
// keeps frame pointers. A walk along them costs two loads a frame (Felix Geisendörfer and Nick
// Ripley, execution tracer of Go 1.21). The runtime's public functions cannot resolve the
// return addresses alone, since these do not list inlined calls. But a hash of them is a key
// that finds the stack when it was unwound before.
//
//	frame pointer ─► ┌──────────────────┐
//	                 │ caller's pointer │ ─► ┌──────────────────┐
//	                 │ return address   │    │ caller's pointer │ ─► … 0, or out of the stack
//	                 └──────────────────┘    │ return address   │
//	                                         └──────────────────┘
//
// # What makes the walk safe
//
// The walk reads only the goroutine's own stack. It compares each pointer with the bounds of
// the stack, which are the first fields of the runtime's g, and each pointer must lie above
// the one before it. The function calls nothing and cannot be preempted, so the stack does not
// move. The walk misses callers that keep no frame, such as a few functions in assembly;
// stacks that differ only there have the same key.
package callstack

// Depth is the largest number of frames that a key is made of, the innermost ones.
const Depth = 64
