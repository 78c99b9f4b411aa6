// SPDX-License-Identifier: Apache-2.0

//go:build (amd64 || arm64) && !ashlar_portable

package callstack

// Key returns a number that tells the stack of the calls that lead here from other
// stacks: the same for the same return addresses, and for others the same by a chance of
// one in 2⁶⁴. It is 0 where frames cannot be walked.
//
//go:noescape
func Key() uint64
