// SPDX-License-Identifier: Apache-2.0

//go:build (amd64 || arm64) && !ashlar_portable

package callstack

// Key returns a hash of the return addresses of the calling functions. Two different stacks
// have the same key with a probability of 2⁻⁶⁴. On architectures without frame pointers, Key
// returns 0.
//
//go:noescape
func Key() uint64
