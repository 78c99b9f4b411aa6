// SPDX-License-Identifier: Apache-2.0

// Package callstack tells stacks of calls apart, cheaply.
//
// A sample for the heap profile wants the stack that allocated, and most samples come by
// stacks that were met before. Unwinding one by the runtime takes microseconds, as every
// frame's size and inlined calls are looked up; but Go's compiler keeps frame pointers
// on some architectures, and a walk along them meets every frame's return address at the
// price of two loads (Felix Geisendörfer's and Nick Ripley's work on the execution tracer
// of Go 1.21 has figures). Those addresses alone cannot be resolved by the runtime's
// public functions, which want inlined calls spelled out. They do as the key by which the
// unwound stack is found again.
//
//	frame pointer ─► ┌──────────────────┐
//	                 │ caller's pointer │ ─► ┌──────────────────┐
//	                 │ return address   │    │ caller's pointer │ ─► … 0, or out of the stack
//	                 └──────────────────┘    │ return address   │
//	                                         └──────────────────┘
//
// # What makes the walk safe
//
// It reads nothing but the goroutine's own stack: each pointer is compared with the
// bounds that the runtime keeps first in its g, where the assembler's own stubs look for
// them, and must lie above the one before it. It calls nothing and cannot be preempted
// within, so the stack does not move. A caller that keeps no frame, as a few functions
// in assembly, is passed over: stacks that differ only there have the same key.
package callstack

// Depth is how many frames a key is made of at most, the innermost ones.
const Depth = 64
