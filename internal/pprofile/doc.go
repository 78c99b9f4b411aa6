// SPDX-License-Identifier: Apache-2.0

// Package pprofile makes files for go tool pprof, and lists of stacks, from what is
// estimated of an allocator's blocks.
//
//	Site           what is estimated of the blocks of one stack, kind, size and set of labels
//	Heap           sites as a heap profile, with the sample types of the Go runtime's
//	Fragmentation  sites as a profile of the RAM that their blocks keep beyond themselves
//	Since          what has changed since an earlier profile
//	WithGoHeap     a profile and that of the Go heap in one
//	TopStacks      the stacks with the most live bytes, for a person or a page
//
// It is the only package that knows github.com/google/pprof.
package pprofile
