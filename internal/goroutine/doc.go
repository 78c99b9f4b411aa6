// SPDX-License-Identifier: Apache-2.0

// Package goroutine identifies the running goroutine.
//
//	ID()        a number for comparisons, as cheap as possible
//	Number()    the number that the runtime prints in stack traces, for people
//	InBubble()  whether the goroutine is in a bubble of testing/synctest
//
// No function returns an error or panics. Two goroutines that exist at the same time have
// different IDs. After a goroutine has ended, a new one may get its ID.
//
//	id_asm.go       (amd64, 386, arm64) The ID is the address of the runtime's descriptor of
//	                the goroutine, which every function finds in a register or in thread-local
//	                storage. It costs one or two instructions. It is only a number here and
//	                never used as a pointer. The runtime neither moves nor frees descriptors,
//	                but reuses them.
//	id_portable.go  (other processors, and the build tag ashlar_portable) ID is Number.
package goroutine
