// SPDX-License-Identifier: Apache-2.0

// Package goroutine identifies the running goroutine.
//
//   - id_asm.go (amd64, 386, arm64): the address of the runtime's descriptor of the
//     goroutine, which every function finds in a register or in thread-local storage.
//     It is read as a number and never followed. One instruction or two.
//   - id_portable.go (others, and the build tag ashlar_portable): Number.
//
// Number is for people: the number that the runtime prints in traces. InBubble reports
// whether the goroutine is in a bubble of testing/synctest.
//
// The runtime neither moves nor frees descriptors, but gives that of a goroutine that
// has ended to a new one: with id_asm.go, numbers differ among goroutines that there
// are at one time, and come again afterwards.
package goroutine
