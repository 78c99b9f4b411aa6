// SPDX-License-Identifier: Apache-2.0

// Package callstack computes a key of the stack of calls that leads to its caller, in less
// than a microsecond. Different stacks have different keys.
//
//	key := callstack.Key()
//	if key == 0 {
//		// frames cannot be walked on this architecture: unwind the stack by package runtime
//	}
//
// Key allocates nothing, does not fail, and may be called by all goroutines at once.
//
// # Why
//
// A sample of the heap profile needs the stack that allocated, and most samples have a stack
// that an earlier sample had. The runtime takes microseconds to unwind a stack, because it
// looks up the size and the inlined calls of every frame. On amd64 and arm64 Go's compiler
// keeps frame pointers. A walk along them costs two loads a frame (Felix Geisendörfer and Nick
// Ripley, execution tracer of Go 1.21). The walk yields return addresses only. The runtime's
// public functions cannot resolve these, because they do not list inlined calls. But their
// hash is a key by which the heap profile finds a stack that was unwound before.
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
// the previous one. The function calls nothing and cannot be preempted, so the stack does not
// move. The walk misses callers that keep no frame, such as a few functions in assembly.
// Stacks that differ only in such callers have the same key.
package callstack

// Depth is the number of frames on which a key depends at most: the innermost ones.
const Depth = 64
